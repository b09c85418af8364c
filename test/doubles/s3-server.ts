import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

interface StoredObject {
  bytes: Buffer;
  modified: number;
}

export interface S3Server {
  url: string;
  objects: Map<string, StoredObject>;
  /**
   * From now on it takes connections and, of each request, `takes nothing`; takes it and `says nothing`; or `sends half` of an object and
   * nothing more. Null: all is well again.
   */
  stall(how: 'takes nothing' | 'says nothing' | 'sends half' | null): void;
  /** From now on it takes requests with this access key only, and refuses others as S3 does. */
  allow(accessKeyId: string): void;
  /** From now on it answers each write with this status and code. Null: all is well again. */
  refuseWrites(answer: { status: number; code: string } | null): void;
  close: () => Promise<void>;
}

/**
 * As much of S3 as a blob store needs: put (its SHA-256 verified), get, head, delete, list in pages of two. Path-style only; requests
 * must be signed, but signatures are not verified.
 */
export async function startS3Server(): Promise<S3Server> {
  const objects = new Map<string, StoredObject>();
  let stalled: Parameters<S3Server['stall']>[0] = null;
  let allowed: string | null = null;
  let refusal: Parameters<S3Server['refuseWrites']>[0] = null;
  const server = createServer((request, response) => {
    if (stalled === 'takes nothing') return void request.pause();
    if (stalled === 'says nothing') return void request.resume();
    const by = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1];
    if (allowed !== null && by !== allowed) return refuse(response, 403, 'InvalidAccessKeyId');
    if (refusal !== null && request.method === 'PUT') {
      request.resume();
      return refuse(response, refusal.status, refusal.code);
    }
    const half = stalled === 'sends half' && request.method === 'GET';
    answer(objects, request, response, half).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    stall: (how) => {
      stalled = how;
    },
    allow: (accessKeyId) => {
      allowed = accessKeyId;
    },
    refuseWrites: (answered) => {
      refusal = answered;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  objects: Map<string, StoredObject>,
  request: IncomingMessage,
  response: ServerResponse,
  isHalf: boolean,
) {
  const url = new URL(request.url ?? '/', 'http://s3.invalid');
  const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
  const fail = (status: number, code: string) => refuse(response, status, code);
  if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return fail(403, 'AccessDenied');
  if (request.method === 'PUT') {
    const bytes = await buffer(request);
    const sum = createHash('sha256').update(bytes).digest('base64');
    if (request.headers['x-amz-checksum-sha256'] !== sum) return fail(400, 'BadDigest');
    objects.set(key, { bytes, modified: Date.now() });
    return response.writeHead(200).end();
  }
  if (request.method === 'GET' && key === '') {
    response.writeHead(200, { 'content-type': 'application/xml' });
    return response.end(listing(objects, url.searchParams));
  }
  const found = objects.get(key);
  if (request.method === 'DELETE') {
    objects.delete(key);
    return response.writeHead(204).end();
  }
  if (!found) return request.method === 'HEAD' ? response.writeHead(404).end() : fail(404, 'NoSuchKey');
  response.writeHead(200, {
    'content-length': found.bytes.length,
    'last-modified': new Date(found.modified).toUTCString(),
  });
  if (isHalf) return response.write(found.bytes.subarray(0, found.bytes.length / 2));
  return response.end(request.method === 'HEAD' ? undefined : found.bytes);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function listing(objects: Map<string, StoredObject>, query: URLSearchParams): string {
  const start = Number(query.get('continuation-token') ?? 0);
  const matching = [...objects]
    .filter(([key]) => key.startsWith(query.get('prefix') ?? ''))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const page = matching.slice(start, start + 2);
  const contents = page.map(
    ([key, { bytes, modified }]) =>
      `<Contents><Key>${key.replaceAll('&', '&amp;')}</Key><Size>${bytes.length}</Size>` +
      `<LastModified>${new Date(modified).toISOString()}</LastModified></Contents>`,
  );
  const more = start + 2 < matching.length;
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${
    more ? `<NextContinuationToken>${start + 2}</NextContinuationToken>` : ''
  }${contents.join('')}</ListBucketResult>`;
}
