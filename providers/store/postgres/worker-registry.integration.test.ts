import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cuttingProxy } from '../../../test/harness/cutting-proxy.ts';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import { openDatabase, type Database } from './database.ts';
import { applicationNameOf } from '../../postgres-client/direct-connection.ts';
import { createPostgresLease, SWEEPER_ROLE } from './lease.ts';
import { migrate } from './migrate.ts';
import { createPostgresWorkerRegistry, liveWorkers } from './worker-registry.ts';
import type { WorkerRegistry } from '../worker-registry.ts';

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
    role: 'both',
    sandboxHost: null,
    common: { namespace: 'default', taskQueue: 'ours', handsTaskQueue: 'ours', blobs: 'folder', keys: [] },
  });
  await registry.join();
  expect(await liveWorkers(database)).toMatchObject([{ common: { taskQueue: 'ours' } }]);

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
      role: 'brain',
      sandboxHost: null,
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

describe('a worker whose machine is lost', () => {
  const workerOf = (name: string, url: string) => ({
    lease: createPostgresLease(url, SWEEPER_ROLE, applicationNameOf(name)),
    registry: createPostgresWorkerRegistry({
      url,
      name,
      host: name,
      process: { pid: 1, started: 'then' },
      isAlive: () => true,
      role: 'both',
      sandboxHost: null,
    }),
  });

  it('loses its lock, its role and its transactions to another one, though PostgreSQL still has its connections', async () => {
    await database.query('CREATE TABLE held (n int)');
    await database.query('INSERT INTO held VALUES (1)');
    const proxy = await cuttingProxy(services.postgresUrl);
    const lost = workerOf('lost', proxy.url);
    const other = workerOf('other', services.postgresUrl);
    const lostPool = openDatabase({ url: proxy.url, applicationName: applicationNameOf('lost') });
    try {
      await Promise.all([lost.registry.join(), other.registry.join()]);
      expect(await lost.lease.held()).toBe(true);
      expect(await other.lease.held()).toBe(false);
      const transaction = lostPool.transaction(async (connection) => {
        await connection.query('SELECT n FROM held FOR UPDATE');
        proxy.hold('all');
        await connection.query('SELECT 1');
      });
      transaction.catch(() => undefined);
      await expect(transaction).rejects.toMatchObject({ code: 'unavailable' });

      const dead = await found(other.registry);
      expect(dead).toEqual(['lost']);
      expect(await other.lease.held()).toBe(true);
      await database.query('UPDATE held SET n = 2');
      await until(async () => (await liveWorkers(database)).length === 1);

      // It was only cut off, and comes back while its attempts are being taken over.
      proxy.letThrough();
      await until(async () => (await liveWorkers(database)).length === 2);
      expect(await other.registry.findDead()).toEqual([]);
      expect(await lost.lease.held()).toBe(false);
    } finally {
      await Promise.all([lost, other].flatMap(({ registry, lease }) => [registry.leave(), lease.release()]));
      await lostPool.close();
      await proxy.close();
    }
  });

  it('registers anew when it was struck off meanwhile, and one that holds its lock is not struck off', async () => {
    const worker = workerOf('cut-off', services.postgresUrl);
    await worker.registry.join();
    const other = workerOf('other', services.postgresUrl);
    await other.registry.join();
    const idOf = async (): Promise<number | undefined> =>
      (await database.query<{ id: number }>(`SELECT id FROM workers WHERE name = 'cut-off'`))[0]?.id;
    const before = await idOf();
    await other.registry.findDead();
    await other.registry.forget(before ?? 0);
    expect(await idOf()).toBe(before);
    await database.query('DELETE FROM workers WHERE id = $1', [before]);
    await until(async () => (await liveWorkers(database)).length === 2);
    expect(await idOf()).toBeGreaterThan(before ?? 0);
    await Promise.all([worker.registry.leave(), other.registry.leave()]);
  });

  it('takes its lock and its role anew when only its connections were dropped', async () => {
    const proxy = await cuttingProxy(services.postgresUrl);
    const worker = workerOf('cut-off', proxy.url);
    const other = workerOf('other', services.postgresUrl);
    try {
      await Promise.all([worker.registry.join(), other.registry.join()]);
      expect(await worker.lease.held()).toBe(true);
      const holders = async (): Promise<string> =>
        JSON.stringify(
          await database.query(`SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY pid`),
        );
      const before = await holders();
      proxy.hold('existing');
      const dead: string[] = [];
      await until(async () => {
        dead.push(...(await other.registry.findDead()).map(({ name }) => name));
        await new Promise((resolve) => setTimeout(resolve, 500));
        return (await worker.lease.held()) && (await holders()) !== before;
      });
      expect(await liveWorkers(database)).toHaveLength(2);
      expect(dead).toEqual([]);
    } finally {
      await Promise.all(
        [worker, other].flatMap(({ registry, lease }) => [registry.leave(), lease.release()]),
      );
      await proxy.close();
    }
  });

  async function found(registry: WorkerRegistry): Promise<string[]> {
    let names: string[] = [];
    await until(async () => {
      names = (await registry.findDead()).map(({ name }) => name);
      await new Promise((resolve) => setTimeout(resolve, 450));
      return names.length > 0;
    });
    return names;
  }
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
