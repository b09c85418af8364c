/**
 * The tag of opaque blocks: the signatures of Claude's thinking hold wherever Claude is asked (the vendor's API, Bedrock, Vertex, Azure);
 * what another model signed, on a server that speaks the same protocol, means nothing to Claude.
 */
export function anthropicProviderName(vendorModel: string, baseUrl: string | undefined): string {
  if (baseUrl === undefined || /claude/i.test(vendorModel)) return 'anthropic';
  return `anthropic@${new URL(baseUrl).host}`;
}
