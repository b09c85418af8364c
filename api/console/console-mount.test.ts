import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { listen } from '../../test/harness/listen.ts';
import { createAccess } from '../access.ts';
import { createApp } from '../app.ts';
import { createOperatorCheck } from '../operator-check.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import { createInMemorySignIns } from '../../providers/store/in-memory/sign-ins.ts';
import { createSignIns } from './sign-ins.ts';
import { signInRoutes } from '../routes/sign-ins.ts';
import { defineRoute, defineStreamRoute } from '../route.ts';
import { createConsole } from './console-mount.ts';

const KEY = 'the-key';
const HOUR = 3_600_000;
const keys = [
  { id: 'k', workspace: 'w', operator: false, sha256: createHash('sha256').update(KEY).digest('hex') },
];
const folder = mkdtempSync(path.join(tmpdir(), 'console-'));
let guarded: Awaited<ReturnType<typeof start>>;
let open: Awaited<ReturnType<typeof start>>;

/** Several processes of one service: what they share is the store. */
const store = createInMemorySignIns(() => Date.now() + later);
let later = 0;
let made = 0;

async function start(withKeys: typeof keys, built = folder, publicUrl: string | null = null) {
  const signIns = createSignIns({
    store,
    newId: () => `signin_${(made += 1)}`,
    lifetimeMs: 10 * HOUR,
    idleMs: HOUR,
  });
  const access = createAccess({ keys: withKeys, publicUrl, signIns });
  const none = {
    requestsPerKey: null,
    sessionsPerKey: null,
    createsPerWorkspace: null,
    readsPerWorkspace: null,
    streamsPerKey: null,
  };
  const handler = createConsole({
    folder: built,
    access,
    signIns,
    mayOperate: createOperatorCheck(withKeys),
    temporalNamespace: 'a b',
    version: '1',
  });
  const whoami = defineRoute({
    method: 'GET',
    path: '/v1/whoami',
    operationId: 'whoami',
    summary: 'Who',
    tag: 'Test',
    rate: 'read',
    response: z.object({ workspace: z.string() }),
    handle: ({ caller }) => ({ workspace: caller.workspaceId }),
  });
  const stream = defineStreamRoute({
    method: 'GET',
    path: '/v1/stream',
    operationId: 'stream',
    summary: 'Stream',
    tag: 'Test',
    rate: 'read',
    content: 'text/event-stream',
    handle: async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      await new Promise((resolve) => response.once('close', resolve));
    },
  });
  return listen(
    createApp({
      routes: [whoami, stream, ...signInRoutes({ signIns })],
      mounts: [{ path: '/', handler }],
      access,
      limiter: createRateLimiter(none, Date.now),
      log: pino({ level: 'silent' }),
      newRequestId: () => 'req_1',
    }),
  );
}

beforeAll(async () => {
  mkdirSync(path.join(folder, 'assets'));
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html>page');
  writeFileSync(path.join(folder, 'assets', 'index-abc.js'), 'script');
  [guarded, open] = await Promise.all([start(keys), start([])]);
});
afterAll(async () => {
  await Promise.all([guarded.close(), open.close()]);
  rmSync(folder, { recursive: true });
});

describe('the console’s pages', () => {
  it.each(['/', '/sessions', '/sessions/sesn_1', '/agents/agent_1?x=1', '/models'])(
    'are served at %s, to be asked for again each time',
    async (address) => {
      const answer = await fetch(open.url + address);
      expect([answer.status, await answer.text()]).toEqual([200, '<!doctype html>page']);
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
    },
  );

  it('keep their assets for ever, by names that change with them', async () => {
    const answer = await fetch(`${open.url}/assets/index-abc.js`);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    '/v1/nothing',
    '/api/nothing',
    '/healthz',
    '/sessions/a/b',
    '/assets/none.js',
    '/../package.json',
  ])('stand before nothing else: %s', async (address) => {
    const answer = await fetch(open.url + address);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      404,
      'application/json; charset=utf-8',
    ]);
  });

  it('say how to build them where they are not built', async () => {
    const bare = await start([], path.join(folder, 'nowhere'));
    const answer = await fetch(`${bare.url}/sessions`);
    expect([answer.status, await answer.text()]).toEqual([
      503,
      expect.stringContaining('npm run console:build'),
    ]);
    await bare.close();
  });
});

describe('signing in', () => {
  type Server = Awaited<ReturnType<typeof start>>;
  const post = (key: unknown, headers: Record<string, string> = {}, server: Server = guarded) =>
    fetch(`${server.url}/console/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ key }),
    });
  const cookieOf = (answer: Response) => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const signedIn = async (server: Server = guarded) => cookieOf(await post(KEY, {}, server));
  const whoami = async (headers: Record<string, string>, server: Server = guarded) =>
    (await fetch(`${server.url}/v1/whoami`, { headers })).status;
  const list = async (headers: Record<string, string>) =>
    (
      (await (await fetch(`${guarded.url}/console/sign-ins`, { headers })).json()) as {
        data: { id: string; current: boolean; client: string | null; address: string | null }[];
      }
    ).data;

  it('is not needed where there are no keys', async () => {
    expect(await (await fetch(`${open.url}/console/session`)).json()).toEqual({
      key_required: false,
      workspace: 'default',
      sign_in: null,
      temporal_runs: '/temporal/namespaces/a%20b/workflows/',
      version: '1',
    });
    expect((await post('any', {}, open)).headers.get('set-cookie')).toBeNull();
  });

  it('is asked for where there are, and tells nothing else', async () => {
    const answer = await fetch(`${guarded.url}/console/session`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({ key_required: true, workspace: null, temporal_runs: null });
  });

  it('takes a valid key only, and puts a random token where scripts cannot read it', async () => {
    const wrong = await post('nope');
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
    expect((await post('')).status).toBe(400);
    const right = await post(KEY);
    expect(await right.json()).toMatchObject({ workspace: 'w' });
    const set = right.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/^managed_agent_sign_in_\d+=[\w-]{64}; Path=\/; HttpOnly; SameSite=Strict$/);
    const sha256 = keys[0]?.sha256 ?? '';
    for (const form of [KEY, sha256, Buffer.from(sha256, 'hex').toString('base64url')]) {
      expect(set).not.toContain(form);
    }
    expect(set).not.toBe((await post(KEY)).headers.get('set-cookie'));
    expect(await whoami({ cookie: cookieOf(right) })).toBe(200);
  });

  it('counts for requests of the console’s own pages only', async () => {
    const cookie = await signedIn();
    expect(await whoami({ cookie, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await whoami({ cookie, 'sec-fetch-site': 'none' })).toBe(200);
    expect(await whoami({ cookie, 'sec-fetch-site': 'cross-site' })).toBe(401);
    expect(await whoami({ cookie, 'sec-fetch-site': 'same-site' })).toBe(401);
    expect(await whoami({ cookie, origin: 'https://evil.example' })).toBe(401);
    expect(await whoami({ cookie, origin: guarded.url })).toBe(200);
  });

  it('stands back behind a key in a header', async () => {
    expect(await whoami({ cookie: await signedIn(), 'x-api-key': 'nope' })).toBe(401);
  });

  it('ends with signing out, for whoever kept the cookie too', async () => {
    const cookie = await signedIn();
    const left = await fetch(`${guarded.url}/console/session`, { method: 'DELETE', headers: { cookie } });
    expect(left.headers.get('set-cookie')).toMatch(/^managed_agent_sign_in_\d+=; .*Max-Age=0$/);
    expect(await whoami({ cookie })).toBe(401);
  });

  it('ends the one that the browser had before', async () => {
    const first = await signedIn();
    const second = cookieOf(await post(KEY, { cookie: first }));
    expect([await whoami({ cookie: first }), await whoami({ cookie: second })]).toEqual([401, 200]);
  });

  it('is not replaced by a cookie that holds a key, which is taken out of the browser', async () => {
    const port = new URL(guarded.url).port;
    const cookie = `managed_agent_key_${port}=${KEY}`;
    expect(await whoami({ cookie })).toBe(401);
    const answer = await fetch(`${guarded.url}/console/session`, { headers: { cookie } });
    expect(await answer.json()).toMatchObject({ workspace: null });
    expect(answer.headers.get('set-cookie')).toMatch(/^managed_agent_key_\d+=; .*Max-Age=0$/);
  });

  it('holds in every process of the service, and only while its key is the same', async () => {
    const cookie = await signedIn();
    const token = cookie.split('=')[1] ?? '';
    const ask = async (server: Server) =>
      whoami({ cookie: `managed_agent_sign_in_${new URL(server.url).port}=${token}` }, server);
    const other = createHash('sha256').update('another').digest('hex');
    const servers = await Promise.all([
      start(keys),
      start(keys.map((key) => ({ ...key, id: 'other' }))),
      start(keys.map((key) => ({ ...key, sha256: other }))),
    ]);
    expect(await Promise.all(servers.map(ask))).toEqual([200, 401, 401]);
    await Promise.all(servers.map(async (server) => server.close()));
  });

  it('ends after its time, and when it is not used', async () => {
    const cookie = await signedIn();
    later = HOUR - 60_000;
    expect(await whoami({ cookie })).toBe(200);
    later += HOUR + 60_000;
    expect(await whoami({ cookie })).toBe(401);
    const used = await signedIn();
    const begun = later;
    for (; later < begun + 10 * HOUR; later += HOUR / 2) expect(await whoami({ cookie: used })).toBe(200);
    expect(await whoami({ cookie: used })).toBe(401);
  });

  it('is listed and ended by whoever has the key, and by nobody else', async () => {
    const cookie = await signedIn();
    const [own] = await list({ cookie, 'user-agent': 'x' });
    expect(own).toMatchObject({ type: 'console_sign_in', current: true, address: '127.0.0.1' });
    expect((await list({ 'x-api-key': KEY }))[0]).toMatchObject({ id: own?.id, current: false });
    expect(JSON.stringify(await list({ cookie }))).not.toContain(cookie.split('=')[1]);
    const end = async (headers: Record<string, string>, id = own?.id) =>
      (await fetch(`${guarded.url}/console/sign-ins/${id}`, { method: 'DELETE', headers })).status;
    expect(await end({ 'x-api-key': 'nope' })).toBe(401);
    expect(await end({ 'x-api-key': KEY }, 'signin_none')).toBe(404);
    expect(await end({ 'x-api-key': KEY })).toBe(200);
    expect(await end({ 'x-api-key': KEY })).toBe(404);
    expect(await whoami({ cookie })).toBe(401);
    expect((await list({ 'x-api-key': KEY })).map(({ id }) => id)).not.toContain(own?.id);
  });

  it('takes its streams along when it ends, in other processes too', async () => {
    const cookie = await signedIn();
    const token = cookie.split('=')[1] ?? '';
    const second = await start(keys);
    const elsewhere = `managed_agent_sign_in_${new URL(second.url).port}=${token}`;
    const streams = await Promise.all([
      fetch(`${guarded.url}/v1/stream`, { headers: { cookie } }),
      fetch(`${second.url}/v1/stream`, { headers: { cookie: elsewhere } }),
    ]);
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    const byKey = await fetch(`${guarded.url}/v1/stream`, { headers: { 'x-api-key': KEY } });
    await fetch(`${guarded.url}/console/session`, { method: 'DELETE', headers: { cookie } });
    await Promise.all(streams.map(async (stream) => expect(stream.text()).rejects.toThrow()));
    await byKey.body?.cancel();
    await second.close();
  });

  it('uses a cookie over TLS that no other host can have set', async () => {
    const secure = await start(keys, folder, 'https://agents.example');
    const answer = await post(KEY, {}, secure);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-managed_agent_sign_in_\d+=[\w-]{64}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    const cookie = cookieOf(answer);
    expect(await whoami({ cookie }, secure)).toBe(200);
    expect(await whoami({ cookie: cookie.replace('__Host-', '') }, secure)).toBe(401);
    await secure.close();
  });
});

it('asks the store for no token that was invented', async () => {
  let looks = 0;
  const inner = createInMemorySignIns(Date.now);
  const signIns = createSignIns({
    store: { ...inner, use: async (hash, idle) => ((looks += 1), inner.use(hash, idle)) },
    newId: () => 'signin_1',
    lifetimeMs: HOUR,
    idleMs: HOUR,
  });
  const { token } = await signIns.begin({ id: 'k', sha256: 'a' }, { address: null, client: null });
  const invented = [
    '',
    'x',
    'A'.repeat(64),
    `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    `${token}A`,
  ];
  for (const attempt of invented) expect(await signIns.find(attempt)).toBeNull();
  expect(looks).toBe(0);
  expect(await signIns.find(token)).toMatchObject({ id: 'signin_1', keyId: 'k' });
  expect(looks).toBe(1);
});
