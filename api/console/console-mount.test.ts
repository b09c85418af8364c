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
import { defineRoute } from '../route.ts';
import { createConsole } from './console-mount.ts';

const KEY = 'the-key';
const keys = [
  { id: 'k', workspace: 'w', operator: false, sha256: createHash('sha256').update(KEY).digest('hex') },
];
const folder = mkdtempSync(path.join(tmpdir(), 'console-'));
let guarded: Awaited<ReturnType<typeof start>>;
let open: Awaited<ReturnType<typeof start>>;

async function start(withKeys: typeof keys, built = folder) {
  const access = createAccess({ keys: withKeys, publicUrl: null });
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
    mayOperate: createOperatorCheck(withKeys),
    temporalNamespace: 'a b',
    isSecure: false,
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
  return listen(
    createApp({
      routes: [whoami],
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
  const post = (key: unknown, headers: Record<string, string> = {}) =>
    fetch(`${guarded.url}/console/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ key }),
    });
  const signedIn = async () => ((await post(KEY)).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const whoami = async (headers: Record<string, string>) =>
    (await fetch(`${guarded.url}/v1/whoami`, { headers })).status;

  it('is not needed where there are no keys', async () => {
    expect(await (await fetch(`${open.url}/console/session`)).json()).toEqual({
      key_required: false,
      workspace: 'default',
      temporal_runs: '/temporal/namespaces/a%20b/workflows/',
      version: '1',
    });
  });

  it('is asked for where there are, and tells nothing else', async () => {
    const answer = await fetch(`${guarded.url}/console/session`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({ key_required: true, workspace: null, temporal_runs: null });
  });

  it('takes a valid key only, and puts it where scripts cannot read it', async () => {
    const wrong = await post('nope');
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
    expect((await post('')).status).toBe(400);
    const right = await post(KEY);
    expect(await right.json()).toMatchObject({ workspace: 'w' });
    expect(right.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/);
    expect(await whoami({ cookie: await signedIn() })).toBe(200);
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

  it('ends', async () => {
    const left = await fetch(`${guarded.url}/console/session`, { method: 'DELETE' });
    expect(left.headers.get('set-cookie')).toMatch(/^managed_agent_key_\d+=; .*Max-Age=0$/);
  });
});
