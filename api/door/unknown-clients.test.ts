import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createAccess } from '../access.ts';
import { createApp } from '../app.ts';
import { createBodyBudget, type BodyBudget } from '../bodies/body-budget.ts';
import { createReadiness } from '../../providers/health/readiness.ts';
import { createSystemStatus } from '../../providers/health/system-status.ts';
import { createInMemorySignIns } from '../../providers/store/in-memory/sign-ins.ts';
import { createSignIns } from '../console/sign-ins.ts';
import { createConsole } from '../console/console-mount.ts';
import { startHttpServer, type HttpServer } from '../http-server.ts';
import { createOperatorCheck } from '../operator-check.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import { defineRoute } from '../route.ts';
import { healthRoutes } from '../routes/health.ts';
import { statusRoutes } from '../routes/status.ts';
import { openApiRoute } from '../openapi.ts';
import { createTemporalUi, TEMPORAL_UI_PATH } from '../temporal-ui.ts';
import { createAddressLimiter, type AddressLimits } from './address-limiter.ts';
import { addressSet } from '../../providers/network/address-set.ts';

const KEY = 'the-key';
const folder = mkdtempSync(path.join(tmpdir(), 'unknown-'));
mkdirSync(path.join(folder, 'assets'));
writeFileSync(path.join(folder, 'assets', 'a.js'), '0');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const keys = [
  { id: 'k', workspace: 'w', operator: false, sha256: createHash('sha256').update(KEY).digest('hex') },
];
const MB = 1_000_000;
const BOMB = gzipSync(Buffer.alloc(32 * MB, ' '));

let server: HttpServer;
/** The server's ends of the connections, by the client's port. */
const sockets = new Map<number | undefined, Socket>();
let budget: BodyBudget;
/** The most that was held of bodies since the test began. */
let most: number;
let checks: number;

async function start(limits: AddressLimits): Promise<HttpServer> {
  const inner = createBodyBudget(64 * MB);
  budget = {
    held: inner.held,
    open: () => {
      const lease = inner.open();
      return {
        ...lease,
        take: (bytes) => {
          lease.take(bytes);
          most = Math.max(most, inner.held());
        },
      };
    },
  };
  const signIns = createSignIns({
    store: createInMemorySignIns(Date.now),
    newId: () => 'signin_1',
    lifetimeMs: 3_600_000,
    idleMs: 3_600_000,
  });
  const access = createAccess({
    keys,
    publicUrl: null,
    signIns,
    addresses: createAddressLimiter(limits, Date.now),
  });
  const mayOperate = createOperatorCheck(keys);
  const echo = defineRoute({
    method: 'POST',
    path: '/v1/things',
    operationId: 'createThing',
    summary: 'Make',
    tag: 'Test',
    rate: 'create',
    body: z.unknown(),
    response: z.object({}),
    handle: () => ({}),
  });
  const thing = defineRoute({
    method: 'GET',
    path: '/v1/things/{thing}',
    operationId: 'getThing',
    summary: 'Get',
    tag: 'Test',
    rate: 'read',
    params: z.object({ thing: z.string() }),
    response: z.object({}),
    handle: () => ({}),
  });
  const app = createApp({
    routes: [
      echo,
      thing,
      ...healthRoutes({
        readiness: createReadiness({
          part: async () => {
            checks += 1;
            return { ok: true };
          },
        }),
      }),
      ...statusRoutes({
        status: createSystemStatus({
          part: async () => {
            checks += 1;
            return { state: 'ok', detail: 'for operators' };
          },
        }),
        mayOperate,
      }),
      openApiRoute(() => ({ openapi: '3.1.0' })),
    ],
    mounts: [
      {
        path: TEMPORAL_UI_PATH,
        handler: createTemporalUi({ target: 'http://127.0.0.1:1', access, mayOperate, encrypted: false }),
      },
      {
        path: '/',
        handler: createConsole({
          folder,
          access,
          signIns,
          mayOperate,
          temporalNamespace: null,
          version: '1',
        }),
      },
    ],
    access,
    bodies: budget,
    proxies: addressSet(['127.0.0.1']),
    limiter: createRateLimiter(
      {
        requestsPerKey: null,
        sessionsPerKey: null,
        createsPerWorkspace: null,
        readsPerWorkspace: null,
        streamsPerKey: null,
      },
      Date.now,
    ),
    log: pino({ level: 'silent' }),
    newRequestId: () => 'req_1',
  });
  return startHttpServer(
    (request, response) => {
      sockets.set(request.socket.remotePort, request.socket);
      app(request, response);
    },
    { host: '127.0.0.1', port: 0 },
    () => 'req_0',
  );
}

/** Sends what it is given until the connection ends, and answers what came back, and how much the service took of it. */
async function send(
  line: string,
  headers: Record<string, string>,
  body: Iterable<Uint8Array> = [],
): Promise<{ status: number; text: string; taken: number }> {
  const client = connect(server.port, '127.0.0.1');
  client.on('error', () => undefined);
  let text = '';
  client.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  await new Promise((resolve) => client.once('connect', resolve));
  const { localPort } = client;
  client.write(`${line} HTTP/1.1\r\nhost: x\r\n${head.join('')}\r\n`);
  for (const piece of body) {
    if (client.destroyed) break;
    if (!client.write(piece)) await Promise.race([new Promise((next) => client.once('drain', next)), ended]);
  }
  await ended;
  return { status: Number(text.slice(9, 12)), text, taken: sockets.get(localPort)?.bytesRead ?? 0 };
}

function* bytes(count: number): Generator<Uint8Array> {
  const piece = Buffer.alloc(65_536, ' ');
  for (let sent = 0; sent < count; sent += piece.length) yield piece;
}

const json = { 'content-type': 'application/json' };
const post = async (
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', body, headers: { ...json, ...headers } });

beforeEach(() => {
  most = 0;
  checks = 0;
});

describe('somebody without a key', () => {
  beforeAll(async () => {
    server = await start({ requests: null, signIns: null });
  });
  afterAll(() => server.stop(0));

  it.concurrent.each([
    ['POST /v1/things', 401],
    ['POST /v1/nothing', 401],
    ['PUT /v1/things', 401],
    ['POST /nothing', 404],
    ['POST /temporal/api/v1/x', 401],
    ['POST /console/session', 413],
    ['DELETE /console/session', 200],
    ['GET /console/session', 200],
    ['GET /healthz', 200],
    ['HEAD /healthz', 200],
    ['POST /healthz', 405],
    ['GET /readyz', 200],
    ['HEAD /readyz', 200],
    ['GET /livez', 200],
    ['GET /status', 200],
    ['GET /openapi.json', 200],
    ['GET /sessions', 503],
    ['GET /assets/none.js', 404],
    ['GET /icon.svg', 404],
  ])('is answered without its body being read: %s', async (line, status) => {
    const announced = { ...json, 'content-length': String(256 * MB) };
    const packed = { ...json, 'transfer-encoding': 'chunked', 'content-encoding': 'gzip' };
    const [found, chunked] = await Promise.all([
      send(line, announced, bytes(256 * MB)),
      send(line, packed, [Buffer.from('fffffff\r\n'), BOMB, ...bytes(64 * MB)]),
    ]);
    expect(found.status).toBe(status);
    expect(found.text).toMatch(/^connection: close\r$/im);
    expect(found.taken).toBeLessThan(2 * MB);
    expect(chunked.taken).toBeLessThan(2 * MB);
    expect(chunked.status).toBe(line === 'POST /console/session' ? 400 : status);
    expect(most).toBe(0);
  });

  it('cannot have the service unpack what it sends to sign in, nor keep more than 16 kB of it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 90 }, () => post('/console/session', BOMB, { 'content-encoding': 'gzip' })),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(413);
    }
    const small = await post('/console/session', gzipSync(JSON.stringify({ key: KEY })), {
      'content-encoding': 'gzip',
    });
    expect(small.status).toBe(400);
    expect(await small.json()).toMatchObject({
      error: { details: { error_code: 'request_body_encoding_unsupported' } },
    });
    expect(most).toBe(0);
    const chunked = await send('POST /console/session', { ...json, 'transfer-encoding': 'chunked' }, [
      Buffer.from('fffffff\r\n'),
      ...bytes(MB),
    ]);
    expect(chunked.status).toBe(413);
    expect(most).toBeLessThanOrEqual(16_384);
    expect((await post('/console/session', JSON.stringify({ key: KEY }))).status).toBe(200);
  });

  it('is not told to go on when it asks whether to send its body', async () => {
    const asks = { ...json, expect: '100-continue', 'content-length': String(MB) };
    const refused = await send('POST /v1/things', asks);
    expect(refused.text).toMatch(/^HTTP\/1\.1 401 /);
    const small = { ...json, expect: '100-continue', 'content-length': '2', connection: 'close' };
    const known = await send('POST /v1/things', { ...small, 'x-api-key': KEY }, [Buffer.from('{}')]);
    expect(known.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('gains nothing by expecting what nobody knows', async () => {
    const headers = { ...json, expect: 'the-unexpected', 'content-length': String(64 * MB) };
    const found = await send('POST /v1/things', headers, bytes(64 * MB));
    expect(found.status).toBe(401);
    expect(found.taken).toBeLessThan(2 * MB);
  });

  it('gains nothing by asking for another protocol', async () => {
    const attempts = ['websocket', 'h2c'].map(async (upgrade) => {
      const headers = { ...json, connection: 'upgrade', upgrade, 'content-length': String(64 * MB) };
      const found = await send('POST /v1/things', headers, bytes(64 * MB));
      expect(found.status).toBe(401);
      expect(found.taken).toBeLessThan(2 * MB);
    });
    await Promise.all(attempts);
  });

  it('keeps its connection after a small body that was refused', async () => {
    const answer = await post('/v1/things', '{}');
    expect([answer.status, answer.headers.get('connection')]).toEqual([401, 'keep-alive']);
  });

  it.each(['/readyz', '/status'])(
    'makes the service ask its parts once, however many ask for %s',
    async (path) => {
      checks = 0;
      await Promise.all(Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${server.port}${path}`)));
      expect(checks).toBeLessThanOrEqual(2);
    },
  );

  it('is told which parts work, and nothing else of them', async () => {
    const ask = async (headers: Record<string, string>) => {
      const answer = await fetch(`http://127.0.0.1:${server.port}/status`, { headers });
      return [answer.status, await answer.json()];
    };
    expect(await ask({})).toEqual([200, { status: 'ok', parts: { part: { state: 'ok' } } }]);
    expect(await ask({ 'x-api-key': KEY })).toEqual([
      200,
      { status: 'ok', parts: { part: { state: 'ok', detail: 'for operators' } } },
    ]);
    expect(await ask({ 'x-api-key': 'wrong' })).toMatchObject([401, { type: 'error' }]);
  });
});

describe('somebody who is known', () => {
  beforeAll(async () => {
    server = await start({ requests: 1, signIns: 1 });
  });
  afterAll(() => server.stop(0));

  it('is told to come again when its bodies together are too many, while small ones pass', async () => {
    const big = gzipSync(JSON.stringify(' '.repeat(30 * MB)));
    const headers = { 'x-api-key': KEY, 'content-encoding': 'gzip' };
    const [answers, small] = await Promise.all([
      Promise.all(Array.from({ length: 12 }, () => post('/v1/things', big, headers))),
      Promise.all(Array.from({ length: 12 }, () => post('/v1/things', '{}', { 'x-api-key': KEY }))),
    ]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(statuses).toContain(429);
    expect(statuses.filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    for (const answer of answers) {
      if (answer.status !== 200) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(small.map(({ status }) => status)).toEqual(small.map(() => 200));
    expect(most).toBeGreaterThan(0);
    await expect.poll(() => budget.held()).toBe(0);
  });

  it('sends nothing large where nothing is expected', async () => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/things`, {
      method: 'POST',
      headers: { ...json, 'x-api-key': KEY, 'content-encoding': 'br' },
      body: 'not brotli',
    });
    expect(answer.status).toBe(400);
  });
});

describe('an address', () => {
  beforeAll(async () => {
    server = await start({ requests: 3, signIns: 2 });
  });
  afterAll(() => server.stop(0));

  let addresses = 0;
  const from = { 'x-forwarded-for': '203.0.113.1' };
  const ask = async (path: string, headers: Record<string, string>, method = 'GET') =>
    (await fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers })).status;

  it.each([
    ['/healthz', 'GET', 200],
    ['/healthz', 'HEAD', 200],
    ['/readyz', 'GET', 200],
    ['/livez', 'GET', 200],
    ['/status', 'GET', 200],
    ['/openapi.json', 'GET', 200],
    ['/sessions', 'GET', 503],
    ['/assets/none.js', 'GET', 404],
    ['/assets/a.js', 'GET', 200],
    ['/assets//a.js', 'GET', 200],
    ['/nothing', 'GET', 404],
    ['/v1/things/%E0%A4%A', 'GET', 400],
    ['/healthz', 'PUT', 405],
    ['/console/session', 'GET', 200],
    ['/console/session', 'DELETE', 200],
    ['/v1/things', 'POST', 401],
    ['/v1/things', 'PUT', 401],
    ['/v1/nothing', 'GET', 401],
    ['/temporal/', 'GET', 401],
  ])('that asks %s (%s) too often without a key is told when to come again', async (path, method, status) => {
    const own = { 'x-forwarded-for': `2001:db8:1:${(addresses += 1)}::1` };
    const found = [];
    for (let count = 0; count < 4; count += 1) found.push(await ask(path, own, method));
    expect(found).toEqual([status, status, status, 429]);
    expect(await ask(path, { ...own, 'x-api-key': 'wrong' }, method)).toBe(429);
  });

  it('is that of the client, not of the trusted proxy, and not what the client itself says', async () => {
    for (let count = 0; count < 3; count += 1) expect(await ask('/v1/nothing', from)).toBe(401);
    expect(await ask('/v1/nothing', from)).toBe(429);
    expect(await ask('/v1/nothing', { 'x-forwarded-for': '198.51.100.9, 203.0.113.1' })).toBe(429);
    expect(await ask('/v1/nothing', { 'x-forwarded-for': '203.0.113.2' })).toBe(401);
    expect(await ask('/v1/nothing', { ...from, 'x-api-key': KEY })).toBe(404);
  });

  it('may try to sign in a few times', async () => {
    const attempt = async () => (await post('/console/session', '{"key":"wrong"}', from)).status;
    const statuses = [await attempt(), await attempt(), await attempt()];
    expect(statuses[2]).toBe(429);
  });
});
