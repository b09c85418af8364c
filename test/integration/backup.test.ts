import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readHostEnvironment } from '../../config.ts';
import { startPostgres } from '../../providers/postgres-server/start-postgres.ts';
import { createFilesystemBlobStore } from '../../providers/blob/filesystem.ts';
import { restoreDatabase, saveDatabase } from '../../providers/store/postgres/backup.ts';
import { openDatabase } from '../../providers/store/postgres/database.ts';
import { createPostgresJournal } from '../../providers/store/postgres/journal.ts';
import { MIGRATIONS, migrate } from '../../providers/store/postgres/migrate.ts';
import { expectSoundLog } from '../harness/journal-check.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { createStageSandbox, type StageSandbox } from '../harness/stage-sandbox.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import { AGENT } from '../replay/scenarios.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-backup-'));
  chmodSync(folder, 0o711);
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('a backup', () => {
  let lab: SessionLab;
  let sandbox: StageSandbox;
  let other: TestServices;

  beforeAll(async () => {
    sandbox = createStageSandbox();
    lab = await startSessionLab({ provider: createScriptedProvider(), runner: sandbox });
    await lab.startWorker();
    other = await startTestServices();
  });
  afterAll(async () => {
    await lab.stop();
    await other.stop();
  });

  async function played(): Promise<string> {
    const { id } = await lab.createSession(AGENT, [userMessage('call bash')]);
    await lab.rest(id);
    return id;
  }

  it('put back into an empty database gives the same journal, and new rows go on from there', async () => {
    const id = await played();
    const folder = newFolder();
    const manifest = await saveDatabase(lab.services.postgresUrl, folder);
    expect(manifest.tables.find(({ name }) => name === 'events')?.rows).toBeGreaterThan(5);
    await restoreDatabase(other.postgresUrl, folder, 'empty');
    const database = openDatabase({ url: other.postgresUrl });
    expect(await createPostgresJournal(database).eventsAfter(id, 0, 100)).toEqual(
      await lab.journal.eventsAfter(id, 0, 100),
    );
    const ordinals = await database.query<{ ordinal: number; fresh: boolean }>(
      `WITH made AS (INSERT INTO tool_calls (session_id, tool_use_id, name, label, kind) VALUES ('x', 'y', 'n', 'l', 'run')
         RETURNING ordinal)
       SELECT ordinal, ordinal > (SELECT max(ordinal) FROM tool_calls) AS fresh FROM made`,
    );
    expect(ordinals[0]?.fresh).toBe(true);
    await database.close();
    await expect(restoreDatabase(other.postgresUrl, folder, 'empty')).rejects.toMatchObject({
      code: 'bad_config',
    });
    await restoreDatabase(other.postgresUrl, folder, 'replace');
  });

  it('of an earlier version is brought to this one, with its rows', async () => {
    const services = await startTestServices();
    const old = openDatabase({ url: services.postgresUrl });
    await migrate(old, MIGRATIONS, (name) => name < '0011');
    const body = JSON.stringify({ text: '', $blobs: [{ path: ['text'], sha256: 'a'.repeat(64), bytes: 1 }] });
    await old.query(
      `INSERT INTO events (session_id, id, seq, thread_id, type, body) VALUES ('s', 'e', 1, 't', 'x', $1)`,
      [body],
    );
    const folder = newFolder();
    await saveDatabase(services.postgresUrl, folder);
    await old.close();
    await restoreDatabase(other.postgresUrl, folder, 'replace');
    const database = openDatabase({ url: other.postgresUrl });
    expect(await database.query('SELECT id, blobs FROM events')).toEqual([
      { id: 'e', blobs: ['a'.repeat(64)] },
    ]);
    await database.close();
    await services.stop();
  });

  it('that is none, or of a newer version, is refused and changes nothing', async () => {
    const folder = newFolder();
    await expect(restoreDatabase(other.postgresUrl, folder, 'replace')).rejects.toThrow(/holds no backup/);
    const manifest = await saveDatabase(lab.services.postgresUrl, folder);
    const newer = { ...manifest, migrations: [...manifest.migrations, '9999_future.sql'] };
    writeFileSync(path.join(folder, 'database.json'), JSON.stringify(newer));
    await expect(restoreDatabase(other.postgresUrl, folder, 'replace')).rejects.toThrow(/9999_future/);
    const short = {
      ...manifest,
      tables: manifest.tables.map((table) => ({ ...table, rows: table.rows + 1 })),
    };
    writeFileSync(path.join(folder, 'database.json'), JSON.stringify(short));
    const id = await played();
    await expect(restoreDatabase(lab.services.postgresUrl, folder, 'replace')).rejects.toThrow(/should hold/);
    expect((await lab.journal.head(id))?.status).toBe('idle');
  });

  it('put back under live workflows: sessions go on from it', async () => {
    const idle = await played();
    const { id: busy } = await lab.createSession(AGENT, [userMessage('run wait')]);
    await expect
      .poll(async () => (await lab.types(busy)).includes('agent.tool_use'), { timeout: 10_000 })
      .toBe(true);
    const folder = newFolder();
    await saveDatabase(lab.services.postgresUrl, folder);
    const saved = await lab.journal.eventsAfter(idle, 0, 1_000);

    sandbox.release();
    await lab.rest(busy);
    for (const text of ['call bash', 'hello']) {
      await lab.send(idle, [userMessage(text)]);
      await lab.rest(idle);
    }
    const later = await played();
    const effects = new Map(sandbox.effects);
    await restoreDatabase(lab.services.postgresUrl, folder, 'replace');
    expect(await lab.journal.head(later)).toBeNull();
    expect(await lab.journal.eventsAfter(idle, 0, 1_000)).toEqual(saved);

    await lab.send(idle, [userMessage('hello')]);
    await lab.sweepUntilRest(idle);
    await expectSoundLog(lab, idle);
    const answers = (await lab.types(idle)).filter((type) => type === 'agent.message');
    expect(answers).toHaveLength(2);
    await lab.sweepUntilRest(busy);
    await expectSoundLog(lab, busy);
    expect((await lab.types(busy)).at(-1)).toBe('session.status_idle');
    // The command that the save shows as running was found again, not run again.
    for (const [call, count] of effects) expect(sandbox.effects.get(call)).toBe(count);
  });
});

describe('the commands', () => {
  async function command(
    name: string,
    dataDir: string,
    given: string | string[],
    more: NodeJS.ProcessEnv = {},
  ): Promise<string> {
    const program = path.join(ROOT, 'operations', `${name}.ts`);
    const words = ['--disable-warning=ExperimentalWarning', program, ...[given].flat()];
    const { stdout } = await run(process.execPath, words, {
      cwd: dataDir,
      env: { ...process.env, MANAGED_AGENT_DATA_DIR: dataDir, ...more },
    });
    return stdout;
  }

  it('save and put back the PostgreSQL and the blobs of a data folder that no service runs on', async () => {
    const [from, to, folder] = [newFolder(), newFolder(), newFolder()];
    const blobs = createFilesystemBlobStore(path.join(from, 'blobs'));
    const { sha256 } = await blobs.put('w', Buffer.from('a blob'));
    await expect(command('backup', from, folder)).rejects.toThrow(/nothing to save/);
    const nowhere = { MANAGED_AGENT_STORE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    await expect(command('backup', from, folder, nowhere)).rejects.toMatchObject({
      stderr: expect.stringMatching(
        /^The database cannot be reached\. .*\(.*ECONNREFUSED 127\.0\.0\.1:1\)\n$/,
      ) as string,
    });
    const server = await startPostgres({
      dataDir: from,
      logFile: path.join(from, 'postgres.log'),
      ...readHostEnvironment(),
      say: () => undefined,
    });
    const database = openDatabase({ url: server.url });
    await migrate(database);
    await database.close();
    await server.stop();
    await expect(command('restore', to, folder)).rejects.toThrow(/holds no backup/);
    const said = await command('backup', from, folder);
    expect(said).toMatch(/events: 0 rows[^]*blobs: 1 copied, 0 were there[^]*is whole/);
    expect(await command('backup', from, folder)).toMatch(/blobs: 0 copied, 1 were there/);
    expect(await command('restore', to, folder)).toMatch(/blobs: 1 copied[^]*is back/);
    expect(await command('audit', to, ['--operation', 'restoreBackup'])).toMatch(
      /restoreBackup npm run restore \(\S+@\S+\) backup of 20\S+Z$/m,
    );
    const restored = createFilesystemBlobStore(path.join(to, 'blobs'));
    expect(Buffer.from(await restored.get('w', sha256)).toString()).toBe('a blob');
  });
});
