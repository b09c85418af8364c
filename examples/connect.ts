import Anthropic from '@anthropic-ai/sdk';

/** The official SDK, pointed at this service: the base URL is the only thing that changes. */
export function connect(url: string, apiKey = 'not-needed-on-loopback'): Anthropic {
  return new Anthropic({ baseURL: url, apiKey });
}
