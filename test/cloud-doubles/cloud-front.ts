import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

/** A request as a cloud receives it. */
export interface CloudRequest {
  method: string;
  /** With the query. */
  target: string;
  headers: Record<string, string>;
  body: string;
}

/** What a model server behind the cloud is asked instead. */
export interface ForwardedRequest {
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

export interface Refusal {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

export interface CloudFront {
  readonly url: string;
  /** The scripted model server that answers. */
  upstream: string;
  readonly requests: CloudRequest[];
  close(): Promise<void>;
}

/**
 * A cloud's door in front of the scripted model server: it lets in who may come, in the form that the cloud has, and passes on what is asked
 * in the form of the vendor.
 */
export async function startCloudFront(cloud: {
  /** Why the request may not come in; null: it may. */
  refuse(request: CloudRequest): Promise<Refusal | null> | Refusal | null;
  /** null: the cloud has no such path. */
  forward(request: CloudRequest): ForwardedRequest | null;
  /** Puts the answer into the cloud's envelopes; default: it goes as it is. */
  answer?(upstream: Response, response: ServerResponse): Promise<void>;
}): Promise<CloudFront> {
  const requests: CloudRequest[] = [];
  const front = { upstream: '' };
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request: CloudRequest = {
      method: incoming.method ?? '',
      target: incoming.url ?? '/',
      headers: Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      ),
      body: await textOf(incoming),
    };
    requests.push(request);
    const refusal = await cloud.refuse(request);
    const forwarded = refusal === null ? cloud.forward(request) : null;
    if (refusal !== null || forwarded === null) {
      const { status, headers, body } = refusal ?? { status: 404, body: { message: `no ${request.target}` } };
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
      return;
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const upstream = await fetch(front.upstream + forwarded.path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...forwarded.headers },
      body: JSON.stringify(forwarded.body),
      signal: gone.signal,
    });
    if (cloud.answer !== undefined) {
      await cloud.answer(upstream, response);
      return;
    }
    // Node's `fetch` has already taken the encoding off.
    const {
      'content-encoding': _encoding,
      'content-length': _length,
      ...headers
    } = Object.fromEntries(upstream.headers);
    response.writeHead(upstream.status, headers);
    response.flushHeaders();
    if (upstream.body === null) response.end();
    else for await (const piece of Readable.fromWeb(upstream.body as never)) response.write(piece);
    response.end();
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(front, {
    url: `http://127.0.0.1:${String(port)}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

export async function textOf(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
