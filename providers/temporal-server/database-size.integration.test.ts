import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { temporalServers } from '../../test/harness/temporal-servers.ts';
import { compactDatabase } from './compact-database.ts';
import { databaseFile, removeOldDatabases } from './database-file.ts';

const MIB = 1024 * 1024;
const { start, newFolder, said, withClient, end } = temporalServers();
afterEach(end);

function inDatabase<T>(file: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file, { timeout: 5_000, enableDoubleQuotedStringLiterals: true });
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** Bytes of the file once everything that was written is in it. */
function sizeOf(file: string): number {
  inDatabase(file, (database) => database.exec('PRAGMA wal_checkpoint(PASSIVE)'));
  return statSync(file).size;
}

/** A file as earlier versions made it, of so many bytes more than it needs. */
function makeWasteful(file: string, bytes: number): void {
  inDatabase(file, (database) => {
    database.exec('PRAGMA auto_vacuum = NONE; VACUUM');
    database.exec('CREATE TABLE filler (content BLOB)');
    const insert = database.prepare('INSERT INTO filler VALUES (?)');
    for (let left = bytes; left > 0; left -= MIB) insert.run(randomBytes(MIB));
    database.exec('DROP TABLE filler');
  });
}

describe('the database file of the embedded Temporal', () => {
  it('gets smaller when what is in it is deleted', async () => {
    const dataDir = newFolder();
    const file = databaseFile(path.join(dataDir, 'temporal'));
    const server = await start(dataDir);
    const before = sizeOf(file);
    await withClient(server, async (client) => {
      const ids = Array.from({ length: 100 }, (_, index) => `large-${index}`);
      for (const workflowId of ids)
        await client.workflow.start('nobody', {
          workflowId,
          taskQueue: 'nobody',
          args: [randomBytes(75_000).toString('base64')],
        });
      expect(sizeOf(file)).toBeGreaterThan(before + 8 * MIB);
      for (const workflowId of ids)
        await client.workflowService.deleteWorkflowExecution({
          namespace: 'default',
          workflowExecution: { workflowId },
        });
      await expect.poll(() => sizeOf(file), { timeout: 60_000 }).toBeLessThan(before + 4 * MIB);
    });
  });

  it('that an earlier version made is written anew at the start, and keeps what is in it', async () => {
    const dataDir = newFolder();
    const file = databaseFile(path.join(dataDir, 'temporal'));
    const first = await start(dataDir);
    await withClient(first, (client) =>
      client.workflow.start('nobody', { workflowId: 'kept', taskQueue: 'nobody' }),
    );
    await first.stop();
    makeWasteful(file, 70 * MIB);
    expect(sizeOf(file)).toBeGreaterThan(70 * MIB);
    const second = await start(dataDir);
    expect(sizeOf(file)).toBeLessThan(10 * MIB);
    expect(said.join('\n')).toMatch(/written anew: 7\d MB before, \d MB now/);
    await withClient(second, async (client) => {
      expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    });
    await second.stop();
    said.length = 0;
    await start(dataDir);
    expect(said.join('\n')).not.toContain('written anew');
  });

  it('stays as it is, and is whole, where writing it anew would take too long', async () => {
    const folder = newFolder();
    const file = databaseFile(folder);
    inDatabase(file, (database) =>
      database.exec('CREATE TABLE kept (value TEXT); INSERT INTO kept VALUES (1)'),
    );
    makeWasteful(file, 8 * MIB);
    const before = statSync(file).size;
    await compactDatabase(folder, { say: (line) => said.push(line), longestMs: 1 });
    expect(said.join('\n')).toMatch(/keeps its free pages until a later start: .* longer than 0.001 s/);
    expect(statSync(file).size).toBe(before);
    expect(inDatabase(file, (database) => database.prepare('SELECT value FROM kept').get())).toEqual({
      value: '1',
    });
  });
});

it('removes databases that were set aside a month ago, and nothing else', () => {
  const folder = newFolder();
  const old = new Date(Date.now() - 31 * 24 * 3_600_000);
  for (const name of ['set-aside-old', 'set-aside-new', 'other']) {
    mkdirSync(path.join(folder, name));
    if (name !== 'set-aside-new') utimesSync(path.join(folder, name), old, old);
  }
  removeOldDatabases(folder, 30);
  expect(
    ['set-aside-old', 'set-aside-new', 'other'].map((name) => existsSync(path.join(folder, name))),
  ).toEqual([false, true, true]);
});
