import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { socketPathOf } from '../../providers/temporal-server/connection-options.ts';

/** A way to a server that can fall silent: connections stand, and nothing passes over them. */
export interface SilentRelay {
  /** `unix:` and a path, or host:port. */
  address: string;
  silence(): void;
  /** New connections work again; those that were silent stay so. */
  letThrough(): void;
  close(): Promise<void>;
}

/** @param target - `unix:` and a path, or host:port. */
export async function silentRelay(target: string): Promise<SilentRelay> {
  const targetPath = socketPathOf(target);
  const [host = '', port = ''] = target.split(/:(?=[0-9]+$)/);
  const folder = await mkdtemp(path.join(tmpdir(), 'relay-'));
  const sockets = new Set<Socket>();
  const silences = new Set<() => void>();
  let isSilent = false;
  const server = createServer((near) => {
    let isHeld = isSilent;
    silences.add(() => {
      isHeld = true;
    });
    const far = targetPath === null ? connect(Number(port), host) : connect(targetPath);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => !isHeld && other.write(bytes));
      socket.on('close', () => !isHeld && other.destroy());
    }
  });
  const place =
    targetPath === null ? { host: '127.0.0.1', port: 0 } : { path: path.join(folder, 'relay.sock') };
  await new Promise<void>((resolve) => server.listen(place, resolve));
  const bound = server.address();
  return {
    address: typeof bound === 'object' ? `127.0.0.1:${bound?.port}` : `unix:${bound}`,
    silence() {
      isSilent = true;
      for (const silence of silences) silence();
    },
    letThrough() {
      isSilent = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
