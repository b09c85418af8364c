import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { AuditEntry } from '../../providers/store/audit-log.ts';
import { listen } from '../../test/harness/listen.ts';
import { createAccess } from '../access.ts';
import { createApp } from '../app.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import { defineRoute } from '../route.ts';
import { addressSet } from '../../providers/network/address-set.ts';

/** What reaches the audit log, and what lets the one request go on that waits. */
const entries: AuditEntry[] = [];
let goOn: () => void;
let server: Awaited<ReturnType<typeof listen>>;

const UNLIMITED = {
  requestsPerKey: null,
  sessionsPerKey: null,
  createsPerWorkspace: null,
  readsPerWorkspace: null,
  streamsPerKey: null,
};

beforeAll(async () => {
  const sha256 = createHash('sha256').update('secret').digest('hex');
  const route = (path: string, handle: () => Promise<object>) =>
    defineRoute({
      method: 'POST',
      path,
      operationId: 'change',
      summary: 'change',
      tag: 'test',
      rate: 'write',
      response: z.object({}),
      handle,
    });
  const app = createApp({
    routes: [
      route('/v1/things', async () => ({})),
      route('/v1/slow', async () => {
        await new Promise<void>((resolve) => (goOn = resolve));
        return {};
      }),
    ],
    access: createAccess({ keys: [{ id: 'a', workspace: 'w', sha256 }], publicUrl: null }),
    limiter: createRateLimiter(UNLIMITED, Date.now),
    proxies: addressSet(['127.0.0.1', '10.0.0.0/8', '2001:db8:9::/48']),
    log: pino({ level: 'silent' }),
    observers: {
      audit: {
        async add(entry) {
          entries.push(entry);
        },
      },
      refusals: { note: (entry) => void entries.push(entry) },
    },
    newRequestId: () => 'req_1',
  });
  server = await listen(app);
});
afterAll(() => server.close());

async function addressOf(headers: [string, string][]): Promise<string | null | undefined> {
  entries.length = 0;
  await fetch(`${server.url}/v1/things`, { method: 'POST', headers: [['x-api-key', 'secret'], ...headers] });
  return entries[0]?.address;
}

it.each([
  ['one proxy', '203.0.113.7', '203.0.113.7'],
  ['a chain of proxies', '203.0.113.7, 10.1.1.1, 10.2.2.2', '203.0.113.7'],
  ['what the client made up before it', '192.0.2.66, 10.9.9.9, 203.0.113.7, 10.1.1.1', '203.0.113.7'],
  ['IPv6', '2001:db8::7, 2001:db8:9::1', '2001:db8::7'],
  ['IPv4 written as IPv6', '::ffff:203.0.113.7, ::ffff:10.1.1.1', '203.0.113.7'],
  ['the same in hexadecimal', '::ffff:cb00:7107, ::FFFF:a01:101', '203.0.113.7'],
  ['a port', '203.0.113.7:51234', '203.0.113.7'],
  ['ports of a chain', '203.0.113.7:51234, 10.1.1.1:8443', '203.0.113.7'],
  ['IPv6 with ports', '[2001:db8::7]:51234, [2001:db8:9::1]:8443', '2001:db8::7'],
  ['IPv6 in brackets', '[2001:db8::7]', '2001:db8::7'],
  ['IPv6 in another spelling', '2001:DB8:0:0:0:0:0:0007', '2001:db8::7'],
  ['no address', 'unknown', '127.0.0.1'],
  ['proxies only', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
])('finds the client behind trusted proxies: %s', async (_what, header, address) => {
  expect(await addressOf([['x-forwarded-for', header]])).toBe(address);
});

it('reads a header that comes in several lines', async () => {
  entries.length = 0;
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const lines = ['x-forwarded-for: 192.0.2.66, 203.0.113.7', 'x-forwarded-for: 10.1.1.1'];
  socket.end(
    `POST /v1/things HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: secret\r\n${lines.join('\r\n')}\r\n\r\n`,
  );
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  expect(entries[0]?.address).toBe('203.0.113.7');
});

it('believes nothing else that names a client', async () => {
  const named: [string, string][] = [
    ['forwarded', 'for=192.0.2.66'],
    ['x-real-ip', '192.0.2.66'],
    ['true-client-ip', '192.0.2.66'],
  ];
  expect(await addressOf(named)).toBe('127.0.0.1');
  expect(await addressOf([...named, ['x-forwarded-for', '203.0.113.7']])).toBe('203.0.113.7');
});

it('notes the client of refusals too, and of who went away before the answer', async () => {
  entries.length = 0;
  await fetch(`${server.url}/v1/things`, { method: 'POST', headers: { 'x-forwarded-for': '203.0.113.8' } });
  await expect.poll(() => entries[0]).toMatchObject({ status: 401, address: '203.0.113.8' });

  entries.length = 0;
  goOn = () => undefined;
  const waits = goOn;
  const gone = new AbortController();
  const answer = fetch(`${server.url}/v1/slow`, {
    method: 'POST',
    headers: { 'x-api-key': 'secret', 'x-forwarded-for': '203.0.113.9' },
    signal: gone.signal,
  });
  await expect.poll(() => goOn).not.toBe(waits);
  gone.abort();
  await answer.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  goOn();
  await expect.poll(() => entries[0]).toMatchObject({ operation: 'change', address: '203.0.113.9' });
});
