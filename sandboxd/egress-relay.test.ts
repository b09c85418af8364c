import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { startEgressRelay } from './egress-relay.ts';

let folder: string;
let relay: Server;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-'));
});
afterEach(() => {
  relay.close();
  rmSync(folder, { recursive: true });
});

function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.end('hello'));
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => resolve(text));
  });
}

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    const tell = (): void => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    };
    if (server.listening) tell();
    else server.once('listening', tell);
  });
}

it('lets a connection wait for a proxy that is being started again', async () => {
  const path = join(folder, 'proxy.sock');
  relay = startEgressRelay(path, () => {}, 0);
  const asked = ask(await portOf(relay));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const proxy = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once('data', (chunk) => socket.end(`heard ${String(chunk)}`));
  }).listen(path);
  expect(await asked).toBe('heard hello');
  proxy.close();
});
