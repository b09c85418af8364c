import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { relay } from './relay.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function listen(handler: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, handler);
  open.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** A port that leads to another one. */
const relayTo = (port: number): Promise<number> =>
  listen((client) => {
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    void relay(client, upstream);
  });

describe('a relay', () => {
  it('lets one side go on listening after it has said all', async () => {
    const port = await listen((socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('end', () => socket.end(`heard ${text}`));
    });
    const client = connect(await relayTo(port), '127.0.0.1');
    client.end('all');
    const answer = await client.setEncoding('utf8').toArray();
    expect(answer.join('')).toBe('heard all');
  });
  it('loses nothing of what a side said before it ended, however slowly the other reads', async () => {
    const size = 8_000_000;
    const port = await listen((socket) => socket.end(Buffer.alloc(size, 'x')));
    const client = connect(await relayTo(port), '127.0.0.1');
    client.end();
    let seen = 0;
    let reads = 0;
    for await (const chunk of client) {
      seen += (chunk as Buffer).length;
      if (reads++ % 20 === 0) await delay(1);
    }
    expect(seen).toBe(size);
  });
  it.each(['client', 'server'])('ends with its %s', async (side) => {
    const accepted = Promise.withResolvers<Socket>();
    const port = await listen((socket) => accepted.resolve(socket.on('error', () => {})));
    const client = connect(await relayTo(port), '127.0.0.1').on('error', () => {});
    const server = await accepted.promise;
    const [gone, other] = side === 'client' ? [client, server] : [server, client];
    other.resume();
    gone.destroy();
    await vi.waitFor(() => expect(other.readableEnded || other.destroyed).toBe(true));
  });
  it('reads no more than the other side takes', async () => {
    let taken = 0;
    const port = await listen((socket) => {
      socket.on('error', () => {});
      const block = Buffer.alloc(1 << 20);
      const more = (): void => {
        do taken += block.length;
        while (!socket.destroyed && taken < 1 << 30 && socket.write(block));
      };
      socket.on('drain', more);
      more();
    });
    const client = connect(await relayTo(port), '127.0.0.1').pause();
    let before = -1;
    // When nothing more is taken the buffers on the way are full.
    while (before !== taken) {
      before = taken;
      await delay(300);
    }
    expect(taken).toBeLessThan(64 << 20);
    client.destroy();
  });
});
