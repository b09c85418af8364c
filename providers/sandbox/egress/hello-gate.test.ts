import { createServer as createTcpServer } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { createHelloGate } from './hello-gate.ts';
import { createProxyLab, openTunnel } from './testing/proxy-lab.ts';

const lab = createProxyLab();
afterEach(() => lab.close());

/** The hello of a real client. */
const helloOf = (servername: string): Promise<Buffer> =>
  new Promise((resolve) => {
    const sink = new Duplex({ read() {}, write: (chunk: Buffer) => resolve(chunk) });
    connectTls({ socket: sink, servername }).on('error', () => {});
  });

const record = (type: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, 3, 3, body.length >> 8, body.length & 255]), body]);

/** A server's hello with this random number. */
function serverHello(random: string): Buffer {
  const body = Buffer.concat([Buffer.from([3, 3]), Buffer.from(random, 'hex'), Buffer.alloc(6)]);
  return record(22, Buffer.concat([Buffer.from([2, 0, 0, body.length]), body]));
}
const RETRY = serverHello('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c');
const ANSWER = serverHello('ab'.repeat(32));
const MARKER = record(20, Buffer.from([1]));
const EARLY = record(23, Buffer.alloc(100, 7));

/** A server that answers the first bytes of each connection, and keeps what it is sent. */
async function serverThatAnswers(answer: Buffer): Promise<{ port: number; received(): Buffer }> {
  const parts: Buffer[] = [];
  const port = await lab.listen(
    createTcpServer((socket) => {
      socket.once('data', () => socket.write(answer));
      socket.on('data', (part: Buffer) => parts.push(part)).on('error', () => {});
    }),
  );
  return { port, received: () => Buffer.concat(parts) };
}

/** Sends the first bytes, and the others when the server has answered; resolves with whether the connection stands. */
async function speak(port: number, target: string, first: Buffer, then: Buffer[]): Promise<() => boolean> {
  const tunnel = await openTunnel(port, target);
  tunnel.on('error', () => {});
  let isOpen = true;
  tunnel.once('close', () => {
    isOpen = false;
  });
  const answered = new Promise<void>((resolve) => tunnel.once('data', () => resolve()));
  tunnel.write(first);
  await answered;
  for (const bytes of then) tunnel.write(bytes);
  return () => isOpen;
}

const limited = { mode: 'limited', hosts: ['api.example'] } as const;

describe('a tunnel whose server asks for a second hello', () => {
  it.each(['sent when it was asked for', 'sent ahead', 'behind what servers skip', 'in pieces'])(
    'ends when that names another server, %s',
    async (how) => {
      const server = await serverThatAnswers(RETRY);
      const { port, decisions } = await lab.proxy(limited);
      const [first, second] = [await helloOf('api.example'), await helloOf('hidden.example')];
      const pieces: Record<string, [Buffer, Buffer[]]> = {
        'sent when it was asked for': [first, [second]],
        'sent ahead': [Buffer.concat([first, second]), []],
        'behind what servers skip': [first, [MARKER, EARLY, EARLY, second]],
        'in pieces': [first, [record(22, second.subarray(5, 60)), record(22, second.subarray(60))]],
      };
      const [before, after] = pieces[how] ?? [first, []];
      const isOpen = await speak(port, `api.example:${server.port}`, before, after);
      await vi.waitFor(() => expect(isOpen()).toBe(false));
      expect(server.received().includes('hidden.example')).toBe(false);
      expect(decisions.at(-1)).toMatchObject({
        decision: 'refused',
        reason: 'the server name inside TLS is hidden.example',
      });
    },
  );

  it('goes on when that names the same', async () => {
    const server = await serverThatAnswers(RETRY);
    const { port } = await lab.proxy(limited);
    const [first, second] = [await helloOf('api.example'), await helloOf('api.example')];
    const sent = [MARKER, second, EARLY];
    const isOpen = await speak(port, `api.example:${server.port}`, first, sent);
    await vi.waitFor(() => expect(server.received()).toEqual(Buffer.concat([first, ...sent])));
    expect(isOpen()).toBe(true);
  });
});

it('passes on what follows the hello when the server wants no other one', async () => {
  const server = await serverThatAnswers(ANSWER);
  const { port } = await lab.proxy(limited);
  const first = await helloOf('api.example');
  // Encrypted messages of TLS 1.2 are of the kind of a hello, and may begin like one.
  const encrypted = record(22, Buffer.concat([Buffer.from([1, 0, 0, 200]), Buffer.alloc(36, 9)]));
  const isOpen = await speak(port, `api.example:${server.port}`, first, [MARKER, encrypted, EARLY]);
  await vi.waitFor(() => expect(server.received()).toEqual(Buffer.concat([first, MARKER, encrypted, EARLY])));
  expect(isOpen()).toBe(true);
});

it('reads no more of a client that sends ahead than fits, until the server has spoken', async () => {
  const { outward } = createHelloGate(
    () => undefined,
    () => undefined,
  );
  outward.resume();
  outward.write(await helloOf('api.example'));
  let taken = 0;
  while (taken < 1_000 && outward.write(EARLY)) taken++;
  expect(taken).toBeLessThan(1_000);
});
