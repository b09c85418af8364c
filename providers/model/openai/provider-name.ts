/** The tag of opaque blocks: what OpenAI itself encrypted means nothing to another server that speaks its protocol. */
export function openAiProviderName(baseUrl: string | undefined): string {
  return baseUrl === undefined ? 'openai' : `openai@${new URL(baseUrl).host}`;
}
