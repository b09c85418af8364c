import { startCloudFront, type CloudFront } from './cloud-front.ts';
import type { TokenServer } from './token-server.ts';

/** A resource of Azure in front of the scripted model server: it takes the tokens of the token server, or a key. */
export async function startAzure(who: TokenServer | { apiKey: string }): Promise<CloudFront> {
  return startCloudFront({
    refuse({ headers, target }) {
      const isClaude = target.startsWith('/anthropic/');
      const isKnown =
        'apiKey' in who
          ? headers[isClaude ? 'x-api-key' : 'api-key'] === who.apiKey
          : who.accepts(headers['authorization']);
      return isKnown
        ? null
        : {
            status: 401,
            body: { error: { code: '401', message: 'Access denied due to invalid credentials.' } },
          };
    },
    forward({ target, body, headers: given }) {
      const url = new URL(target, 'http://localhost');
      const deployment = /^\/openai\/deployments\/([^/]+)(\/chat\/completions)$/.exec(url.pathname);
      const path =
        deployment !== null && url.searchParams.has('api-version')
          ? `/v1${deployment[2] ?? ''}`
          : url.pathname.replace(/^\/(openai|anthropic)\/v1\//, '/v1/');
      if (path === url.pathname) return null;
      const betas = given['anthropic-beta'];
      const headers = {
        authorization: 'Bearer behind',
        'anthropic-version': given['anthropic-version'] ?? '',
        ...(betas === undefined ? {} : { 'anthropic-beta': betas }),
      };
      return { path, headers, body: JSON.parse(body) as object };
    },
  });
}
