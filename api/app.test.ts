import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { listen } from '../test/harness/listen.ts';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { sendContent } from './files/send-content.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { defineRoute, defineStreamRoute } from './route.ts';

const ok = z.object({});
const about = (operationId: string) => ({ operationId, summary: operationId, tag: 'test', response: ok });

const routes = [
  defineRoute({
    method: 'POST',
    path: '/v1/things',
    ...about('create'),
    rate: 'create',
    body: z.strictObject({ name: z.string(), list: z.array(z.strictObject({ size: z.int() })).optional() }),
    handle: ({ body }) => ({ got: body }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/things/{thing_id}',
    ...about('read'),
    rate: 'read',
    params: z.object({ thing_id: z.string().regex(/^thing_\w+$/) }),
    query: z.object({ types: z.array(z.string()).optional() }),
    handle: ({ params, query, caller }) => ({ params, query, caller }),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/things/{thing_id}/archive',
    ...about('archive'),
    rate: 'write',
    handle: () => ({ archived: true }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/things/special',
    ...about('special'),
    rate: 'read',
    handle: () => ({ special: true }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/fail/{code}',
    ...about('fail'),
    rate: 'read',
    params: z.object({ code: z.enum(['conflict', 'unavailable', 'not_implemented', 'defect']) }),
    handle: ({ params: { code } }) => {
      if (code === 'defect') throw new TypeError('the secret inside');
      throw new AppError(code, 'It failed.', { details: { error_code: 'why' } });
    },
  }),
  defineStreamRoute({
    method: 'GET',
    path: '/v1/cut',
    ...about('cut'),
    response: ok,
    content: 'text/plain',
    rate: 'read',
    handle: async (_request, response) => {
      response.write('half');
      throw new AppError('unavailable', 'It broke in the middle.');
    },
  }),
];

describe('an application', () => {
  let url: string;
  let port: number;
  let close: () => Promise<void>;
  let ids = 0;
  beforeAll(async () => {
    const app = createApp({
      routes,
      access: createAccess({ keys: [], publicUrl: null }),
      limiter: createRateLimiter(
        {
          requestsPerKey: 1,
          sessionsPerKey: 1,
          createsPerWorkspace: 1,
          readsPerWorkspace: 1,
          streamsPerKey: 1,
        },
        Date.now,
      ),
      log: pino({ level: 'silent' }),
      newRequestId: () => `req_${(ids += 1)}`,
    });
    ({ url, port, close } = await listen(app));
  });
  afterAll(async () => close());

  const post = async (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ) => fetch(`${url}/v1/things`, { method: 'POST', body, headers });

  async function refusal(response: Response, status: number): Promise<string> {
    const envelope = (await response.json()) as {
      type: string;
      error: { type: string; message: string };
      request_id: string;
    };
    expect(response.status).toBe(status);
    expect(envelope.type).toBe('error');
    expect(envelope.request_id).toBe(response.headers.get('request-id'));
    return envelope.error.message;
  }

  it('answers JSON with an id of the request and the workspace', async () => {
    const response = await post('{"name":"a"}');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('request-id')).toMatch(/^req_\d+$/);
    expect(response.headers.get('anthropic-workspace-id')).toBe('default');
    expect(await response.json()).toEqual({ got: { name: 'a' } });
  });

  it('takes a POST without a body and without a content type', async () => {
    const response = await fetch(`${url}/v1/things/thing_1/archive`, { method: 'POST' });
    expect(await response.json()).toEqual({ archived: true });
    expect(await refusal(await fetch(`${url}/v1/things`, { method: 'POST' }), 400)).toContain('name:');
  });

  it('names each wrong field', async () => {
    const message = await refusal(await post('{"nam":"a","list":[{"size":1},{"size":"2"}]}'), 400);
    expect(message).toContain('name:');
    expect(message).toContain('list.1.size:');
    expect(message).toContain('nam');
  });

  it('reads arrays in both notations and ignores what it does not know', async () => {
    const read = async (query: string) =>
      ((await (await fetch(`${url}/v1/things/thing_1?${query}`)).json()) as { query: object }).query;
    expect(await read('types[]=a&types%5B%5D=b&beta=true')).toEqual({ types: ['a', 'b'] });
    expect(await read('types=a&types=b')).toEqual({ types: ['a', 'b'] });
    expect(await read('types[]=a')).toEqual({ types: ['a'] });
    expect(await read('types=')).toEqual({});
  });

  it('prefers literal paths to parameters', async () => {
    expect(await (await fetch(`${url}/v1/things/special`)).json()).toEqual({ special: true });
  });

  it('says 404 for ids of the wrong form and for unknown paths, 405 for other methods', async () => {
    await refusal(await fetch(`${url}/v1/things/other_1`), 404);
    await refusal(await fetch(`${url}/v1/things/thing_%00`), 404);
    await refusal(await fetch(`${url}/v1/nothing`), 404);
    await refusal(await fetch(`${url}/V1/things/special`), 404);
    const wrong = await fetch(`${url}/v1/things`, { method: 'PUT' });
    expect(wrong.headers.get('allow')).toBe('POST');
    await refusal(wrong, 405);
    await refusal(await fetch(`${url}/v1/things/%ZZ`), 400);
  });

  it('says which failures are not worth repeating, and when the others are', async () => {
    const conflict = await fetch(`${url}/v1/fail/conflict`);
    expect(conflict.headers.get('x-should-retry')).toBe('false');
    await refusal(conflict, 409);
    const missing = await fetch(`${url}/v1/fail/not_implemented`);
    expect(missing.headers.get('x-should-retry')).toBe('false');
    await refusal(missing, 501);
    const unavailable = await fetch(`${url}/v1/fail/unavailable`);
    expect(unavailable.headers.get('x-should-retry')).toBeNull();
    expect(unavailable.headers.get('retry-after')).toBe('1');
    await refusal(unavailable, 503);
  });

  it('keeps the words of a defect to itself', async () => {
    expect(await refusal(await fetch(`${url}/v1/fail/defect`), 500)).not.toContain('secret');
  });

  it('cuts the connection when an answer fails in the middle', async () => {
    const response = await fetch(`${url}/v1/cut`);
    await expect(response.text()).rejects.toThrow();
  });

  it.each([
    ['no JSON', '{"name":'],
    ['another value', '[1]'],
    ['not a number', '{"name":NaN}'],
    ['a key twice', '{"name":"a","name":"b"}'],
    ['a key twice in other spelling', '{"name":"a","\\u006eame":"b"}'],
    ['a prototype', '{"name":"a","__proto__":{}}'],
    ['an escaped prototype', '{"name":"a","__proto\\u005f_":{}}'],
    ['a constructor', '{"name":"a","constructor":{}}'],
    ['NUL', '{"name":"a\\u0000"}'],
    ['half a character', '{"name":"\\ud800"}'],
    ['half a character in a key', '{"\\ud800":"a"}'],
    ['deep nesting', `{"name":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['nesting without end', '{"name":'.repeat(20_000)],
    ['very many values', `{"name":[${'1,'.repeat(600_000)}1]}`],
    ['bad UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])],
  ])('refuses %s', async (_name, body) => {
    await refusal(await post(body), 400);
  });

  it('refuses bodies of other content types', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      expect(await refusal(await post('{"name":"a"}', { 'content-type': type }), 400)).toContain(
        'application/json',
      );
    }
    expect((await post('{"name":"a"}', { 'content-type': 'application/json; charset=utf-8' })).status).toBe(
      200,
    );
  });

  it('refuses more than 32 MB, also when it is compressed', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(33_000_000) });
    await refusal(await post(large), 413);
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    await refusal(await post(gzipSync(large), headers), 413);
    expect((await post(gzipSync('{"name":"a"}'), headers)).status).toBe(200);
    await refusal(await post('no gzip', headers), 400);
    await refusal(await post('{}', { 'content-type': 'application/json', 'content-encoding': 'zip' }), 400);
  });

  it('takes 20 MB in one string', async () => {
    expect((await post(JSON.stringify({ name: 'x'.repeat(20_000_000) }))).status).toBe(200);
  });

  it.each([
    ['that is read', 'POST /v1/things', 'host: localhost'],
    ['of a read, which nobody reads', 'GET /v1/things/special', 'host: localhost'],
    ['to an address that is none', 'POST /v1/nothing', 'host: localhost'],
    ['of a request that is refused', 'POST /v1/things', 'host: evil.example'],
  ])('closes a connection that brings by drops a body %s', async (_name, line, host) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const socket = connect(port, '127.0.0.1');
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(
        `${line} HTTP/1.1\r\n${host}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
      );
      await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0), { timeout: 30_000 });
      vi.advanceTimersByTime(12_000);
      await closed;
    } finally {
      vi.useRealTimers();
    }
  });

  it('serves this machine only, and no web page from elsewhere', async () => {
    const asked = async (...headers: string[]) => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`GET /v1/things/special HTTP/1.1\r\nConnection: close\r\n${headers.join('\r\n')}\r\n\r\n`);
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return Number(text.slice(9, 12));
    };
    expect(await asked(`Host: localhost:${port}`)).toBe(200);
    expect(await asked(`Host: [::1]:${port}`)).toBe(200);
    expect(await asked('Host: evil.example')).toBe(403);
    expect(await asked('Host: localhost.evil.example')).toBe(403);
    expect(await asked(`Host: 127.0.0.1:${port}`, 'Origin: http://evil.example')).toBe(403);
    expect(await asked(`Host: 127.0.0.1:${port}`, 'Origin: null')).toBe(403);
    expect(await asked(`Host: 127.0.0.1:${port}`, `Origin: http://127.0.0.1:${port}`)).toBe(200);
    expect(await asked(`Host: 127.0.0.1:${port}`, 'Sec-Fetch-Site: cross-site')).toBe(403);
    expect(await asked(`Host: 127.0.0.1:${port}`, 'Sec-Fetch-Site: same-site')).toBe(403);
    expect(await asked(`Host: 127.0.0.1:${port}`, 'Sec-Fetch-Site: same-origin')).toBe(200);
  });
});

it('slows callers down beyond their limits, and says for how long', async () => {
  const sha256 = createHash('sha256').update('key').digest('hex');
  const limits = { sessionsPerKey: null, requestsPerKey: null, readsPerWorkspace: null, streamsPerKey: null };
  const app = createApp({
    routes,
    access: createAccess({ keys: [{ id: 'k', workspace: 'w', sha256 }], publicUrl: null }),
    limiter: createRateLimiter({ ...limits, createsPerWorkspace: 2 }, () => 1_000),
    log: pino({ level: 'silent' }),
    newRequestId: () => 'req_1',
  });
  const { url, close } = await listen(app);
  const headers = { authorization: 'Bearer key', 'content-type': 'application/json' };
  const create = async () => fetch(`${url}/v1/things`, { method: 'POST', headers, body: '{"name":"a"}' });
  expect([(await create()).status, (await create()).status]).toEqual([200, 200]);
  const refused = await create();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
  expect(await refused.json()).toMatchObject({ error: { type: 'rate_limit_error' } });
  expect((await fetch(`${url}/v1/things/special`, { headers })).status).toBe(200);
  await close();
});

it('ends the connection of a client that takes nothing of an answer, whoever made it', async () => {
  const gone = { json: Promise.withResolvers<void>(), stream: Promise.withResolvers<void>() };
  const large = { text: 'x'.repeat(32_000_000) };
  const app = createApp({
    routes: [
      defineRoute({
        method: 'GET',
        path: '/v1/json',
        ...about('json'),
        rate: 'read',
        handle: () => large,
      }),
      defineStreamRoute({
        method: 'GET',
        path: '/v1/stream',
        ...about('stream'),
        content: 'application/octet-stream',
        rate: 'read',
        handle: async (_request, response, signal) => {
          signal.addEventListener('abort', () => gone.stream.resolve());
          const content = Readable.from(Array.from({ length: 2_000 }, () => Buffer.alloc(65_536)));
          await sendContent(
            response,
            { content, bytes: 2_000 * 65_536, type: 'text/plain', filename: 'f' },
            signal,
          );
        },
      }),
    ],
    access: createAccess({ keys: [], publicUrl: null }),
    limiter: createRateLimiter(
      {
        sessionsPerKey: null,
        requestsPerKey: null,
        readsPerWorkspace: null,
        streamsPerKey: null,
        createsPerWorkspace: null,
      },
      () => 1_000,
    ),
    log: pino({ level: 'silent' }),
    newRequestId: () => 'req_1',
    stallMs: 200,
  });
  const { port, close } = await listen((request, response) => {
    if (request.url === '/v1/json') response.once('close', () => gone.json.resolve());
    app(request, response);
  });
  const clients = ['/v1/json', '/v1/stream'].map((path) => {
    const client = connect(port, '127.0.0.1', () =>
      client.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`),
    );
    client.on('error', () => undefined).pause();
    return client;
  });
  await Promise.all([gone.json.promise, gone.stream.promise]);
  for (const client of clients) client.destroy();
  await close();
});

describe('an answer in pieces', () => {
  it('is no defect when its client goes away in the middle, nor when it was taken whole', async () => {
    const lines: { level: number; msg: string; finished?: boolean }[] = [];
    const log = pino(
      {},
      { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
    );
    const pieces = async function* (count: number) {
      for (let at = 0; at < count; at += 1) {
        yield 'x'.repeat(65_536);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const app = createApp({
      routes: [
        defineStreamRoute({
          method: 'GET',
          path: '/v1/pieces/{count}',
          ...about('pieces'),
          content: 'text/plain',
          rate: 'read',
          params: z.object({ count: z.string() }),
          handle: async ({ params }, response, signal) =>
            pipeline(Readable.from(pieces(Number(params.count))), response, { signal }),
        }),
      ],
      access: createAccess({ keys: [], publicUrl: null }),
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
      log,
      newRequestId: () => 'req_1',
    });
    const { url, close } = await listen(app);
    const ended = () => lines.filter(({ msg }) => msg === 'request');
    for (let at = 1; at <= 20; at += 1) {
      await (await fetch(`${url}/v1/pieces/3`)).text();
      await expect.poll(ended).toHaveLength(at);
    }
    const gone = new AbortController();
    const answer = await fetch(`${url}/v1/pieces/100000`, { signal: gone.signal });
    await answer.body?.getReader().read();
    gone.abort();
    await expect.poll(ended).toHaveLength(21);
    expect(ended().at(-1)).toMatchObject({ finished: false });
    await close();
    expect(lines.filter(({ msg }) => msg !== 'request')).toEqual([]);
  });
});
