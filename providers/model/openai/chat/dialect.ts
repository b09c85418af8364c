/**
 * Which of the newer fields of chat completions a server knows. `openai`: all of them. `azure`: the newer name of the output limit, which
 * is the only one that its reasoning models take. `compatible`: none that can be relied on.
 */
export type Dialect = 'openai' | 'azure' | 'compatible';

/** The dialect of a server, by its address. */
export function dialectOf(baseUrl: string | undefined): Dialect {
  const host = baseUrl === undefined ? 'api.openai.com' : new URL(baseUrl).hostname;
  if (host === 'api.openai.com' || host.endsWith('.api.openai.com')) return 'openai';
  return /\.(openai|services\.ai|cognitiveservices)\.azure\.com$/.test(host) ? 'azure' : 'compatible';
}

/** Whether a request to this model names its output limit `max_completion_tokens`: OpenAI's reasoning models refuse the older name. */
export function takesNewerLimit(dialect: Dialect, model: string): boolean {
  return dialect !== 'compatible' || /^(gpt-[5-9]|gpt-[1-9]\d|o\d)/.test(model);
}
