import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { textOf } from './cloud-front.ts';

/** What a federated identity shows to get a token. */
export const SUBJECT = 'who-the-pod-is';

/** Whoever hands out tokens in a cloud: to federated identities and machines (Google), and to managed identities (Entra). */
export interface TokenServer {
  readonly url: string;
  /** How long the tokens hold that are handed out from now on. */
  seconds: number;
  /** How the next requests are answered, if not with a token: a status, or not at all. */
  trouble: { status: number; body: object } | 'silence' | null;
  /** How many tokens were asked for. */
  readonly asked: string[];
  /** Whether a request shows a token that was handed out, and holds. */
  accepts(authorization: string | undefined): boolean;
  /** Takes back all tokens. */
  revoke(): void;
  /** The credentials file of an identity that shows what is in the other file, which must be {@link SUBJECT}. */
  federatedIdentity(subjectFile: string): object;
  close(): Promise<void>;
}

export async function startTokenServer(): Promise<TokenServer> {
  const valid = new Map<string, number>();
  const state = { seconds: 3_600, trouble: null as TokenServer['trouble'], asked: [] as string[] };
  let number = 0;

  const newToken = (): string => {
    const token = `token-${String((number += 1))}`;
    valid.set(token, Date.now() + state.seconds * 1_000);
    return token;
  };

  /** What is wrong with a request for a token; null: nothing. */
  const problemOf = (target: URL, incoming: IncomingMessage, body: string): string | null => {
    if (target.pathname.startsWith('/computeMetadata/'))
      return incoming.headers['metadata-flavor'] === 'Google' ? null : 'no Metadata-Flavor';
    if (target.pathname === '/msi/token') {
      if (incoming.headers['x-identity-header'] !== 'secret-of-the-machine') return 'no X-IDENTITY-HEADER';
      return target.searchParams.get('resource') === null ? 'no resource' : null;
    }
    const subject = new URLSearchParams(body).get('subject_token');
    return subject === SUBJECT ? null : 'The subject token is not one of the pool.';
  };

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = new URL(incoming.url ?? '/', 'http://localhost');
    const body = await textOf(incoming);
    state.asked.push(target.pathname);
    if (state.trouble === 'silence') return;
    const send = (status: number, answered: object): void => {
      response.writeHead(status, { 'content-type': 'application/json', 'metadata-flavor': 'Google' });
      response.end(JSON.stringify(answered));
    };
    if (state.trouble !== null) return send(state.trouble.status, state.trouble.body);
    const problem = problemOf(target, incoming, body);
    if (problem !== null) return send(400, { error: 'invalid_grant', error_description: problem });
    if (target.pathname.startsWith('/computeMetadata/') && !target.pathname.endsWith('/token'))
      return send(200, {});
    const expires = Math.floor(Date.now() / 1_000) + state.seconds;
    return send(200, {
      access_token: newToken(),
      token_type: 'Bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      expires_in: state.seconds,
      ...(target.pathname === '/msi/token' ? { expires_on: String(expires), resource: 'r' } : {}),
    });
  };

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return Object.assign(state, {
    url,
    accepts: (authorization: string | undefined) =>
      (valid.get(authorization?.replace(/^Bearer /, '') ?? '') ?? 0) > Date.now(),
    revoke: () => valid.clear(),
    federatedIdentity: (subjectFile: string) => ({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${url}/sts`,
      credential_source: { file: subjectFile },
    }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
