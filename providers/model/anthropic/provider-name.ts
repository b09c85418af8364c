/**
 * The tag of opaque blocks: the signatures of Claude's thinking hold wherever Claude is asked, at the vendor's API, Bedrock or Vertex
 * (https://platform.claude.com/docs/en/build-with-claude/extended-thinking: "compatible across platforms"); what another model signed, on a server that speaks the same protocol, means nothing to Claude.
 */
export function anthropicProviderName(vendorModel: string, baseUrl: string | undefined): string {
  if (baseUrl === undefined || /claude/i.test(vendorModel)) return 'anthropic';
  return `anthropic@${new URL(baseUrl).host}`;
}
