import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Client } from '@temporalio/client';
import { afterEach, expect, it } from 'vitest';
import { cli, temporalServers } from '../../test/harness/temporal-servers.ts';
import { isAlive } from '../host/process-identity.ts';
import { databaseFile, partitionsInUse } from './database-file.ts';

const { start, newFolder, said, withClient, end } = temporalServers();
afterEach(end);

/** What the server would go on from if it were killed now: tasks of its queues, but for timers, and what it noted of how far they are done. */
function storedProgress(dataDir: string): { left: number; shard: string } {
  const database = new DatabaseSync(path.join(dataDir, 'temporal', 'temporal.db'), { readOnly: true });
  try {
    const count = (table: string): number =>
      Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']);
    const data = database.prepare('SELECT data FROM shards').get()?.['data'] as Uint8Array | undefined;
    return {
      left: count('transfer_tasks') + count('visibility_tasks'),
      shard: Buffer.from(data ?? []).toString('hex'),
    };
  } finally {
    database.close();
  }
}

/** A workflow that nobody runs: it stays, whatever happens to the server. */
const waiting = (id: string) => (client: Client) =>
  client.workflow.start('nobody', { workflowId: id, taskQueue: 'nobody' });

it('prepares the namespace: 30 days of retention and the search attributes', async () => {
  const server = await start(newFolder());
  await withClient(server, async (client) => {
    const { config } = await client.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
    await client.workflow.start('nobody', {
      workflowId: 'found',
      taskQueue: 'nobody',
      searchAttributes: { AgentStatus: ['idle'], Workspace: ['w'], AgentCostUsd: [1.5] },
    });
    const query = `AgentStatus = 'idle' AND AgentCostUsd > 1`;
    await expect.poll(async () => (await client.workflow.count(query)).count).toBe(1);
  });
});

it('makes another namespace when the settings name one', async () => {
  const server = await start(newFolder(), { namespace: 'agents' });
  await withClient(server, async (client) => {
    const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace: 'agents' });
    expect(namespaceInfo?.name).toBe('agents');
  });
});

it('keeps running workflows over a clean stop and over kill -9', async () => {
  const dataDir = newFolder();
  const first = await start(dataDir);
  await withClient(first, waiting('kept'));
  await first.stop();
  expect(isAlive(first.process)).toBe(false);
  const second = await start(dataDir);
  await withClient(second, waiting('kept-too'));
  process.kill(second.process.pid, 'SIGKILL');
  const third = await start(dataDir);
  await withClient(third, async (client) => {
    for (const id of ['kept', 'kept-too']) {
      expect((await client.workflow.getHandle(id).describe()).status.name).toBe('RUNNING');
    }
  });
});

it('stores within seconds what it has done, so that one that is killed has little to do again', async () => {
  const dataDir = newFolder();
  const server = await start(dataDir);
  const atStart = storedProgress(dataDir);
  await withClient(server, waiting('counted'));
  await expect.poll(() => storedProgress(dataDir).left, { timeout: 20_000 }).toBe(0);
  await expect.poll(() => storedProgress(dataDir).shard, { timeout: 20_000 }).not.toBe(atStart.shard);
}, 60_000);

it('keeps all tasks of a queue where the next worker finds them, and finds those of servers that did not', async () => {
  const dataDir = newFolder();
  const folder = path.join(dataDir, 'temporal');
  const server = await start(dataDir);
  await withClient(server, async (client) => {
    for (let count = 0; count < 12; count++) await waiting(`waiting-${count}`)(client);
  });
  const queues = (): string[] => {
    const database = new DatabaseSync(databaseFile(folder));
    const rows = database.prepare(
      'SELECT task_queue_id FROM tasks UNION ALL SELECT task_queue_id FROM tasks_v2',
    );
    const names = rows.all().map((row) => Buffer.from(row['task_queue_id'] as Uint8Array).toString('latin1'));
    database.close();
    return names.filter((name) => name.includes('nobody'));
  };
  await expect.poll(() => queues().length, { timeout: 20_000 }).toBe(12);
  expect(queues().filter((name) => name.includes('/_sys/'))).toEqual([]);
  expect(partitionsInUse(folder)).toBe(1);
  await server.stop();
  const database = new DatabaseSync(databaseFile(folder));
  const { changes } = database
    .prepare(
      `UPDATE tasks SET task_queue_id = CAST(replace(CAST(task_queue_id AS TEXT), 'nobody', '/_sys/nobody/3') AS BLOB)
        WHERE task_id = (SELECT max(task_id) FROM tasks)`,
    )
    .run();
  database.close();
  expect(changes).toBe(1);
  expect(partitionsInUse(folder)).toBe(4);
}, 60_000);

it('adopts a healthy server that runs on the folder, and replaces one with other settings', async () => {
  const dataDir = newFolder();
  const first = await start(dataDir);
  const second = await start(dataDir);
  expect(second).toMatchObject({
    adopted: true,
    address: first.address,
    process: { pid: first.process.pid },
  });
  const third = await start(dataDir, { namespace: 'agents' });
  expect(third.adopted).toBe(false);
  expect(isAlive(first.process)).toBe(false);
});

it('replaces a server that does not answer', async () => {
  const dataDir = newFolder();
  const first = await start(dataDir);
  process.kill(first.process.pid, 'SIGSTOP');
  const second = await start(dataDir);
  expect(second.adopted).toBe(false);
  expect(isAlive(first.process)).toBe(false);
});

it('finds and ends a server on the folder that nobody wrote down', async () => {
  const dataDir = newFolder();
  const first = await start(dataDir);
  rmSync(path.join(dataDir, 'temporal', 'server.json'));
  await start(dataDir);
  expect(isAlive(first.process)).toBe(false);
});

it.each([
  [
    'of another server version',
    (folder: string) => writeFileSync(path.join(folder, 'server-version'), '1.2.3\n'),
    /1\.2\.3/,
  ],
  [
    'of a start that was cut off',
    (folder: string) => rmSync(path.join(folder, 'server-version')),
    /incomplete/,
  ],
  [
    'that is damaged',
    (folder: string) => {
      // What the write-ahead log still holds would repair the file.
      rmSync(path.join(folder, 'temporal.db-wal'));
      writeFileSync(path.join(folder, 'temporal.db'), 'x'.repeat(10_000));
    },
    /damaged/,
  ],
])('sets aside a database file %s, says so, and starts with a new one', async (_, spoil, message) => {
  const dataDir = newFolder();
  const folder = path.join(dataDir, 'temporal');
  const first = await start(dataDir);
  await withClient(first, waiting('before'));
  await first.stop();
  spoil(folder);
  const second = await start(dataDir);
  expect(said.join('\n')).toMatch(message);
  const aside = readdirSync(folder).find((name) => name.startsWith('set-aside-')) ?? '';
  expect(readdirSync(path.join(folder, aside))).toContain('temporal.db');
  await withClient(second, async (client) => {
    await expect(client.workflow.getHandle('before').describe()).rejects.toThrow(/not found/);
  });
  expect(readFileSync(path.join(folder, 'server-version'), 'utf8').trim()).toBe(cli.serverVersion);
});

it('writes its database with a write-ahead log', async () => {
  const dataDir = newFolder();
  await start(dataDir);
  const database = new DatabaseSync(path.join(dataDir, 'temporal', 'temporal.db'), { readOnly: true });
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  database.close();
});
