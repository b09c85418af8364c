import { startCloudFront, type CloudFront, type ForwardedRequest } from './cloud-front.ts';
import type { TokenServer } from './token-server.ts';

/** Vertex AI in front of the scripted model server: it takes the tokens that the token server handed out, at one project and location. */
export async function startVertex(
  tokens: TokenServer,
  at = 'projects/the-project/locations/europe-west1',
): Promise<CloudFront> {
  return startCloudFront({
    refuse: ({ headers }) =>
      tokens.accepts(headers['authorization'])
        ? null
        : {
            status: 401,
            body: {
              error: { code: 401, message: 'invalid authentication credentials', status: 'UNAUTHENTICATED' },
            },
          },
    forward({ target, body, headers }) {
      const path = target.replace(/^\/v1(beta1)?\//, '');
      if (path === target || !path.startsWith(`${at}/`)) return null;
      return forwardedTo(path.slice(at.length + 1), JSON.parse(body) as object, headers);
    },
  });
}

function forwardedTo(
  path: string,
  { anthropic_version: version, ...body }: { anthropic_version?: string },
  given: Record<string, string>,
): ForwardedRequest | null {
  const betas = given['anthropic-beta'];
  const headers = {
    'anthropic-version': '2026-10-21',
    authorization: 'Bearer behind',
    ...(betas === undefined ? {} : { 'anthropic-beta': betas }),
  };
  const claude = /^publishers\/anthropic\/models\/([^/:]+):(streamRawPredict|rawPredict)$/.exec(path);
  if (claude !== null) {
    // The version stands in the body here, and the model in the path.
    if (version === undefined || given['anthropic-version'] !== undefined) return null;
    if (claude[1] === 'count-tokens') return { path: '/v1/messages/count_tokens', headers, body };
    if ('model' in body) return null;
    return { path: '/v1/messages', headers, body: { ...body, model: decodeURIComponent(claude[1] ?? '') } };
  }
  const gemini = /^publishers\/google\/(models\/.*)$/.exec(path);
  if (gemini !== null)
    return { path: `/v1beta/${gemini[1] ?? ''}`, headers: { 'x-goog-api-key': 'behind' }, body };
  if (path === 'endpoints/openapi/chat/completions') return { path: '/v1/chat/completions', headers, body };
  return null;
}
