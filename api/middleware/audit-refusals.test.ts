import { createHash } from 'node:crypto';
import pino from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import type { AuditEntry } from '../../providers/store/audit-log.ts';
import { createInMemorySignIns } from '../../providers/store/in-memory/sign-ins.ts';
import { listen } from '../../test/harness/listen.ts';
import { createAccess } from '../access.ts';
import { createApp } from '../app.ts';
import { createAuditTally, type AuditTally } from '../audit/audit-tally.ts';
import { createConsole } from '../console/console-mount.ts';
import { createSignIns } from '../console/sign-ins.ts';
import { createOperatorCheck } from '../operator-check.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import { defineRoute } from '../route.ts';
import { createTemporalUi, TEMPORAL_UI_PATH } from '../temporal-ui.ts';

const keys = [
  { id: 'boss', workspace: 'one', operator: true },
  { id: 'user', workspace: 'two', operator: false },
].map((key) => ({ ...key, sha256: createHash('sha256').update(key.id).digest('hex') }));

let entries: AuditEntry[];
let tally: AuditTally;
let servers: Awaited<ReturnType<typeof listen>>[];
let url: string;

beforeEach(async () => {
  entries = [];
  const audit = { add: async (entry: AuditEntry) => void entries.push(entry) };
  tally = createAuditTally(audit);
  const signIns = createSignIns({
    store: createInMemorySignIns(Date.now),
    newId: () => 'signin_1',
    lifetimeMs: 3_600_000,
    idleMs: 3_600_000,
  });
  const access = createAccess({ keys, publicUrl: null, signIns });
  const mayOperate = createOperatorCheck(keys);
  const upstream = await listen((request, response) => {
    request.resume();
    response.statusCode = request.method === 'POST' ? 202 : 200;
    response.end('{}');
  });
  const app = createApp({
    routes: [
      defineRoute({
        method: 'GET',
        path: '/v1/things',
        operationId: 'listThings',
        summary: 'List',
        tag: 'Test',
        rate: 'read',
        response: z.object({}),
        handle: () => ({}),
      }),
    ],
    mounts: [
      {
        path: TEMPORAL_UI_PATH,
        handler: createTemporalUi({
          target: `${upstream.url}${TEMPORAL_UI_PATH}`,
          access,
          mayOperate,
          encrypted: false,
          audit,
          reads: tally,
        }),
      },
      {
        path: '/',
        handler: createConsole({
          folder: '/nowhere',
          access,
          signIns,
          audit,
          mayOperate,
          temporalNamespace: null,
          version: '1',
        }),
      },
    ],
    access,
    limiter: createRateLimiter(
      {
        requestsPerKey: null,
        sessionsPerKey: null,
        createsPerWorkspace: null,
        readsPerWorkspace: 1,
        streamsPerKey: null,
      },
      () => 0,
    ),
    log: pino({ level: 'silent' }),
    observers: { audit, refusals: tally },
    newRequestId: () => 'req_1',
  });
  const server = await listen(app);
  servers = [server, upstream];
  ({ url } = server);
});
afterEach(async () => {
  await Promise.all(servers.map(async (server) => server.close()));
});

const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
  const answer = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  await answer.text();
  return answer;
};
const told = () =>
  entries.map(({ operation, status, keyId, path, resource }) => [operation, status, keyId, path, resource]);

it('leaves an entry of what was refused for want of a key, of permission, and for its number', async () => {
  await ask('GET', '/v1/things');
  await ask('DELETE', '/v1/things/x', { 'x-api-key': 'wrong' });
  await ask('GET', '/temporal/', { 'x-api-key': 'user' });
  await ask('GET', '/v1/things', { 'x-api-key': 'user', 'anthropic-workspace-id': 'one' });
  await ask('GET', '/v1/things', { 'x-api-key': 'user' });
  await ask('GET', '/v1/things', { 'x-api-key': 'user' });
  await expect.poll(() => entries.length).toBe(4);
  expect(told()).toEqual([
    ['refusedRequest', 401, null, '/v1/things', null],
    ['refusedRequest', 403, 'user', '/temporal/', null],
    ['refusedRequest', 403, null, '/v1/things', null],
    ['refusedRequest', 429, 'user', '/v1/things', null],
  ]);
  expect(entries[0]).toMatchObject({ workspaceId: '', requestId: 'req_1', address: '127.0.0.1' });
  await tally.close();
  expect(told()[4]).toEqual(['refusedRequest', 401, null, '/v1/things/x', '1 more']);
});

it('leaves an entry of who signs in, fails to, and signs out', async () => {
  await ask('POST', '/console/session', {}, '{"key":"wrong"}');
  const answer = await ask('POST', '/console/session', {}, '{"key":"boss"}');
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  await ask('DELETE', '/console/session', { cookie });
  await ask('DELETE', '/console/session', { cookie });
  expect(told()).toEqual([
    ['signIn', 401, null, '/console/session', null],
    ['signIn', 200, 'boss', '/console/session', 'signin_1'],
    ['signOut', 200, 'boss', '/console/session', 'signin_1'],
  ]);
  expect(JSON.stringify(entries)).not.toContain('wrong');
});

it('leaves an entry of each change through Temporal’s UI, and one of reading there', async () => {
  const headers = { 'x-api-key': 'boss' };
  for (let count = 0; count < 5; count += 1) await ask('GET', `/temporal/api/v1/${count}`, headers);
  await ask('POST', '/temporal/api/v1/terminate', headers, '{}');
  await ask('POST', '/temporal/api/v1/terminate', headers, '{}');
  await tally.close();
  expect(told()).toEqual([
    ['useTemporalUi', 200, 'boss', '/temporal/api/v1/0', null],
    ['useTemporalUi', 202, 'boss', '/temporal/api/v1/terminate', null],
    ['useTemporalUi', 202, 'boss', '/temporal/api/v1/terminate', null],
    ['useTemporalUi', 200, 'boss', '/temporal/api/v1/4', '4 more'],
  ]);
});
