import Anthropic from '@anthropic-ai/sdk';

/**
 * The official client, on the service that the page came from. It sends no key: where one is needed, the browser adds the cookie of
 * the signed-in user, which no script can read.
 */
export const client = new Anthropic({
  baseURL: window.location.origin,
  apiKey: null,
  authToken: null,
  defaultHeaders: { Authorization: null },
  dangerouslyAllowBrowser: true,
  maxRetries: 2,
  // Before an upload the client asks which class answers are of, by a request that the content policy refuses; so it is told.
  fetch: Object.assign((...request: Parameters<typeof fetch>) => fetch(...request), { Response }),
});
