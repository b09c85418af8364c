import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A COMMIT as a simple query of PostgreSQL's protocol. */
const COMMIT = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1');

export interface CuttingProxy {
  /** The same database, through the proxy. */
  url: string;
  /** The next COMMIT loses its connection: before the server gets it, or after the server has done it. */
  cutNextCommit(when: 'before it arrives' | 'before it is answered'): void;
  /** How many were cut. */
  cuts(): number;
  /**
   * From now on nothing passes over the connections that stand, in either direction, and neither side is told, not even when the other one
   * ends: as when a firewall forgets them. `all`: new ones are taken and nothing passes over them either, as when a machine is lost.
   */
  hold(which: 'existing' | 'all'): void;
  /** New connections work again; those that were held stay as they are. */
  letThrough(): void;
  close(): Promise<void>;
}

/** A way to a PostgreSQL on a socket (`postgresql://…?host=<folder>`) that can be cut at the worst moment. */
export async function cuttingProxy(postgresUrl: string): Promise<CuttingProxy> {
  const target = new URL(postgresUrl.replace('@/', '@socket/')).searchParams;
  const port = target.get('port') ?? '5432';
  const folder = await mkdtemp(path.join(tmpdir(), 'pg-'));
  const sockets = new Set<Socket>();
  let pending: 'before it arrives' | 'before it is answered' | null = null;
  let cut = 0;
  let holdsNew = false;
  const holds = new Set<() => void>();

  const server = createServer((near) => {
    const far = connect(path.join(target.get('host') ?? '', `.s.PGSQL.${port}`));
    let isCut = false;
    let isHeld = holdsNew;
    const hold = (): void => {
      isHeld = true;
    };
    holds.add(hold);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    near.on('close', () => {
      holds.delete(hold);
      if (!isCut && !isHeld) far.destroy();
    });
    far.on('close', () => !isHeld && near.destroy());
    far.on('data', (bytes) => !isCut && !isHeld && near.write(bytes));
    near.on('data', (bytes) => {
      if (isHeld) return undefined;
      if (pending === null || !bytes.includes(COMMIT)) return void far.write(bytes);
      const reaches = pending === 'before it is answered';
      pending = null;
      isCut = true;
      cut += 1;
      if (!reaches) {
        far.destroy();
        near.destroy();
        return undefined;
      }
      far.write(bytes);
      near.destroy();
      // The server finishes what it got; then its end is closed too.
      void sleep(500).then(() => far.destroy());
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, `.s.PGSQL.${port}`), resolve));
  return {
    url: postgresUrl
      .replace(encodeURIComponent(target.get('host') ?? ''), encodeURIComponent(folder))
      .replace(`host=${target.get('host')}`, `host=${folder}`),
    cutNextCommit: (when) => {
      pending = when;
    },
    cuts: () => cut,
    hold(which) {
      holdsNew = which === 'all';
      for (const hold of holds) hold();
    },
    letThrough() {
      holdsNew = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
