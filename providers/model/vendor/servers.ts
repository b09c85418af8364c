/** Where the vendors' own servers are. */
export const VENDOR_URLS = {
  anthropic: 'https://api.anthropic.com',
  openai: 'https://api.openai.com/v1',
  gemini: 'https://generativelanguage.googleapis.com',
} as const;

/** A server, by the name or number it is reached under. */
export interface ServerAddress {
  host: string;
  port: number;
}

export function serverAt(url: string): ServerAddress {
  const { hostname, port, protocol } = new URL(url);
  const usual = protocol === 'http:' ? 80 : 443;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) };
}
