import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyRing } from '../providers/encryption/key-ring.ts';
import { createPayloadCodec } from '../providers/encryption/payload-codec.ts';
import { listen } from '../test/harness/listen.ts';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { createOperatorCheck } from './operator-check.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { codecRoutes } from './routes/codec.ts';
import { createTemporalUi, TEMPORAL_UI_PATH } from './temporal-ui.ts';

const UNLIMITED = {
  requestsPerKey: null,
  sessionsPerKey: null,
  createsPerWorkspace: null,
  readsPerWorkspace: null,
  streamsPerKey: null,
};
const key = (id: string, workspace: string, operator = false) => ({
  id,
  workspace,
  operator,
  sha256: createHash('sha256').update(`secret-${id}`).digest('hex'),
});
const codec = createPayloadCodec(createKeyRing([{ id: 'k', key: Buffer.alloc(32, 7) }]));

/** Stands for Temporal's UI: says what it was asked. */
let upstream: Awaited<ReturnType<typeof listen>>;
let seen: { url: string; headers: IncomingHttpHeaders; body: string }[];
let open: { close: () => Promise<void> }[];

beforeEach(async () => {
  seen = [];
  upstream = await listen((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push({ url: request.url ?? '', headers: request.headers, body });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ Version: '2', Codec: { Endpoint: '', PassAccessToken: false } }));
    });
  });
  open = [upstream];
});
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
});

async function serve(
  keys: ReturnType<typeof key>[],
  target: string | null = `${upstream.url}${TEMPORAL_UI_PATH}`,
): Promise<string> {
  const access = createAccess({ keys, publicUrl: null });
  const mayOperate = createOperatorCheck(keys);
  const handler = createTemporalUi({ target, access, mayOperate, encrypted: true });
  const app = createApp({
    routes: codecRoutes({ codec, mayOperate }),
    mounts: [{ path: TEMPORAL_UI_PATH, handler }],
    access,
    limiter: createRateLimiter(UNLIMITED, Date.now),
    log: pino({ level: 'silent' }),
    newRequestId: () => 'req_test',
  });
  const server = await listen(app);
  open.push(server);
  return server.url;
}

const toWire = (payload: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(payload.metadata ?? {}).map(([name, value]) => [
      name,
      Buffer.from(value).toString('base64'),
    ]),
  ),
  data: Buffer.from(payload.data ?? []).toString('base64'),
});

async function decode(url: string, payloads: unknown, headers: Record<string, string> = {}) {
  return fetch(`${url}/codec/decode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ payloads }),
  });
}

describe('the codec server', () => {
  it('decrypts for the UI what the service encrypted, and encrypts what is entered there', async () => {
    const url = await serve([]);
    const plain = toWire(defaultPayloadConverter.toPayload({ text: 'hello' }));
    const encoded = await fetch(`${url}/codec/encode`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ payloads: [plain] }),
    });
    const { payloads } = (await encoded.json()) as { payloads: unknown[] };
    expect(payloads).not.toEqual([plain]);
    expect(await (await decode(url, payloads)).json()).toEqual({ payloads: [plain] });
  });

  it('refuses callers without a key, and those of one workspace among several', async () => {
    const url = await serve([key('a', 'one'), key('b', 'two'), key('c', 'one', true)]);
    expect((await decode(url, [])).status).toBe(401);
    expect((await decode(url, [], { 'x-api-key': 'secret-a' })).status).toBe(403);
    expect((await decode(url, [], { 'x-api-key': 'secret-c' })).status).toBe(200);
  });

  it('names a key that it does not have', async () => {
    const url = await serve([]);
    const [foreign] = await createPayloadCodec(
      createKeyRing([{ id: 'other', key: Buffer.alloc(32) }]),
    ).encode([defaultPayloadConverter.toPayload('x')]);
    const answer = await decode(url, foreign ? [toWire(foreign)] : []);
    expect(answer.status).toBe(500);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toContain('"other"');
    expect((await decode(url, [{ data: 'no base64!' }])).status).toBe(400);
  });
});

describe('the Temporal UI behind the API', () => {
  it('is passed on under its own path, with bodies, and without the caller’s key', async () => {
    const url = await serve([key('a', 'one')]);
    const answer = await fetch(`${url}/temporal/api/v1/namespaces?x=1`, {
      method: 'POST',
      headers: { 'x-api-key': 'secret-a', 'content-type': 'application/json', 'x-csrf-token': 't' },
      body: '{"some":"body"}',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
    expect(seen).toMatchObject([{ url: '/temporal/api/v1/namespaces?x=1', body: '{"some":"body"}' }]);
    expect(seen[0]?.headers).not.toHaveProperty('x-api-key');
    expect(seen[0]?.headers['x-csrf-token']).toBe('t');
  });

  it('refuses what the API refuses: no key, another workspace’s key among several, a foreign page', async () => {
    const locked = await serve([key('a', 'one'), key('b', 'two')]);
    expect((await fetch(`${locked}/temporal/`)).status).toBe(401);
    expect((await fetch(`${locked}/temporal/`, { headers: { 'x-api-key': 'secret-a' } })).status).toBe(403);
    const free = await serve([]);
    const foreign = await fetch(`${free}/temporal/`, { headers: { origin: 'http://evil.example' } });
    expect(foreign.status).toBe(403);
    expect(seen).toEqual([]);
  });

  it('tells the UI to decrypt at the address under which the browser found it', async () => {
    const url = await serve([]);
    const answer = await fetch(`${url}/temporal/api/v1/settings`);
    expect(await answer.json()).toEqual({
      Version: '2',
      Codec: { Endpoint: `${url}/codec`, PassAccessToken: false, IncludeCredentials: true },
    });
  });

  it('says that there is no UI, or that it does not answer', async () => {
    expect((await fetch(`${await serve([], null)}/temporal/`)).status).toBe(404);
    const url = await serve([]);
    await upstream.close();
    open = open.filter((server) => server !== upstream);
    expect((await fetch(`${url}/temporal/`)).status).toBe(503);
    expect((await fetch(`${url}/temporal/api/v1/settings`)).status).toBe(503);
  });
});
