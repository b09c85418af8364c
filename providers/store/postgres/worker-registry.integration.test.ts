import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import { openDatabase, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { createPostgresWorkerRegistry, liveWorkers } from './worker-registry.ts';

let services: TestServices;
let database: Database;
let relay: Awaited<ReturnType<typeof startRelay>>;
beforeEach(async () => {
  services = await startTestServices();
  database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
  relay = await startRelay(services.postgresUrl);
});
afterEach(async () => {
  await relay.close();
  await database.close();
  await services.stop();
});

it('looks for a lost database one connection at a time, and holds its lock again when it is back', async () => {
  const registry = createPostgresWorkerRegistry({
    url: relay.url,
    name: 'one',
    host: 'here',
    process: { pid: 1, started: 'then' },
    isAlive: () => true,
  });
  await registry.join();
  expect(await liveWorkers(database)).toHaveLength(1);

  relay.refuse();
  await until(async () => relay.refused.length >= 6);
  const gaps = relay.refused.slice(1).map((at, index) => at - (relay.refused[index] ?? 0));
  // Each try begins half a second after the end of the one before, never beside it.
  expect(Math.min(...gaps)).toBeGreaterThan(400);
  expect(await liveWorkers(database)).toEqual([]);

  relay.letThrough();
  await until(async () => (await liveWorkers(database)).length === 1);
  await registry.leave();
  expect(await liveWorkers(database)).toEqual([]);
});

it('tells of a dead worker to one process only, and to another one when that dies too', async () => {
  const gone = { host: 'here', process: { pid: 1, started: 'then' } };
  const registryOf = (name: string) =>
    createPostgresWorkerRegistry({
      url: services.postgresUrl,
      name,
      host: 'here',
      process: { pid: 2, started: 'now' },
      isAlive: ({ pid }) => pid !== gone.process.pid,
    });
  const [first, second] = [registryOf('first'), registryOf('second')];
  await Promise.all([first.join(), second.join()]);
  await database.query(`INSERT INTO workers (name, host, pid, started) VALUES ('dead', $1, $2, $3)`, [
    gone.host,
    gone.process.pid,
    gone.process.started,
  ]);
  const names = async (registry: typeof first) => (await registry.findDead()).map(({ name }) => name);

  expect(await names(first)).toEqual(['dead']);
  expect(await names(first)).toEqual(['dead']);
  expect(await names(second)).toEqual([]);
  await first.leave();
  await until(async () => (await names(second)).length === 1);
  const [dead] = await second.findDead();
  await second.forget(dead?.id ?? 0);
  expect(await names(second)).toEqual([]);
  await second.leave();
});

/** The same database on a socket of its own, which can refuse everybody. `refused` has the moments in which it did. */
async function startRelay(postgresUrl: string) {
  const target = new URL(postgresUrl.replace('@/', '@socket/')).searchParams;
  const host = target.get('host') ?? '';
  const name = `.s.PGSQL.${target.get('port') ?? '5432'}`;
  const folder = mkdtempSync(path.join(tmpdir(), 'pg-'));
  const sockets = new Set<Socket>();
  const refused: number[] = [];
  let isRefusing = false;
  const server: Server = createServer((near) => {
    if (isRefusing) {
      refused.push(performance.now());
      near.destroy();
      return;
    }
    const far = connect(path.join(host, name));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, name), resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: postgresUrl
      .replace(encodeURIComponent(host), encodeURIComponent(folder))
      .replace(`host=${host}`, `host=${folder}`),
    refused,
    refuse() {
      isRefusing = true;
      cut();
    },
    letThrough() {
      isRefusing = false;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
