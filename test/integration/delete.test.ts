import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlobSweep } from '../../activities/upkeep/blob-sweep.ts';
import { createSandboxReaper } from '../../activities/upkeep/sandbox-reaper.ts';
import { deleteSession } from '../../api/sessions/change-session.ts';
import { createInMemorySandboxDriver } from '../../providers/sandbox/in-memory.ts';
import { createPostgresLeftovers } from '../../providers/store/postgres/leftovers.ts';
import { createPostgresSessions } from '../../providers/store/postgres/sessions.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { newId } from '../../wiring/new-ids.ts';
import { AGENT } from '../replay/scenarios.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';

const LARGE = `large ${randomBytes(200_000).toString('hex')}`;
const models = {
  ...createModelCatalog({ settings: [], usable: [], defaultModel: null }),
  confirm: async () => undefined,
  caution: null,
};
const log = pino({ level: 'silent' });

describe('a deleted session', () => {
  let lab: SessionLab;

  beforeAll(async () => {
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      runner: createStageSandbox(),
      historyBudget: 50,
    });
    await lab.startWorker();
  });
  afterAll(async () => lab.stop());

  /** The tables that still have a row of the session, the tombstone excepted. */
  async function tablesWith(sessionId: string): Promise<string[]> {
    const columns = await lab.database.query<{ table_name: string; column_name: string }>(
      `SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND (column_name = 'session_id' OR (table_name = 'sessions' AND column_name = 'id'))`,
    );
    const found = [];
    for (const { table_name: table, column_name: column } of columns) {
      if (table === 'session_head') continue;
      const rows = await lab.database.query(`SELECT 1 FROM ${table} WHERE ${column} = $1 LIMIT 1`, [
        sessionId,
      ]);
      if (rows.length > 0) found.push(table);
    }
    return found;
  }

  async function runsOf(sessionId: string): Promise<number> {
    let runs = 0;
    for await (const _ of lab.client.workflow.list({ query: `WorkflowId = '${sessionId}'` })) runs++;
    return runs;
  }

  /** What the api does for a DELETE. */
  async function remove(sessionId: string): Promise<void> {
    const { journal, engine, bus, blobs } = lab;
    const sessions = createPostgresSessions(lab.database);
    await deleteSession({ journal, engine, bus, blobs, sessions, models, newId, log }, 'lab', sessionId);
  }

  /** Asks again until Temporal's visibility, which lags, says so. */
  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  const blobsOf = async (sessionId: string): Promise<string[]> => {
    const places: string[] = [];
    await lab.blobs.sweep(-60_000, async (place) => {
      if (place.includes(sessionId) || place === 'lab') places.push(place);
      return true;
    });
    return places;
  };

  it('leaves no row, no run, no sandbox and no copy behind', async () => {
    const { id } = await lab.createSession(AGENT, [userMessage(LARGE)]);
    await lab.rest(id);
    for (let turn = 0; turn < 12; turn++) {
      await lab.send(id, [userMessage('call bash,bash')]);
      await lab.rest(id);
    }
    await lab.send(id, [userMessage('write 300000')]);
    await lab.rest(id);
    const [answer] = await lab.database.query<{ blobs: string[] }>(
      'SELECT blobs FROM events WHERE session_id = $1 AND blobs IS NOT NULL',
      [id],
    );
    const leftovers = createPostgresLeftovers(lab.database);
    expect(await leftovers.isReferenced('lab', answer?.blobs[0] ?? '')).toBe(true);
    await until(async () => (await runsOf(id)) > 1);
    expect(await tablesWith(id)).toEqual(expect.arrayContaining(['events', 'sessions', 'steps']));
    expect(await blobsOf(id)).not.toEqual([]);
    const driver = createInMemorySandboxDriver();
    await driver.ensure({ workspaceId: 'lab', sessionId: id, environmentId: 'env' });

    await remove(id);
    expect(await tablesWith(id)).toEqual([]);
    // Temporal takes tens of seconds for runs that were closed already.
    await until(async () => (await runsOf(id)) === 0);
    expect(await lab.engine.removeRuns(id)).toBe(0);
    await expect(lab.client.workflow.getHandle(id).fetchHistory()).rejects.toThrow(/not found/i);

    expect(await leftovers.isReferenced('lab', answer?.blobs[0] ?? '')).toBe(false);
    await createSandboxReaper({ driver, leftovers, archivedMs: null, log }).reap();
    expect(await driver.list()).toEqual([]);

    const lease = { held: async () => true, release: async () => undefined };
    const sweep = createBlobSweep({
      blobs: lab.blobs,
      leftovers,
      lease,
      graceMs: -60_000,
      historyMs: 0,
      log,
    });
    expect(await sweep.sweep()).toBeGreaterThan(0);
    expect(await blobsOf(id)).toEqual([]);
  }, 300_000);

  it('loses a run that comes up after it was deleted', async () => {
    const { id, threadId } = await lab.createSession(AGENT, [userMessage('hello')]);
    await lab.rest(id);
    await remove(id);
    await lab.engine.start({
      sessionId: id,
      workspaceId: 'lab',
      threadId,
      agentId: 'agent',
      model: 'claude-test',
      title: null,
    });
    await lab.sweeper.sweep();
    await until(async () => (await lab.engine.stateOf(id)) === 'missing' && (await runsOf(id)) === 0);
  });
});

describe('blobs that rows refer to', () => {
  let lab: SessionLab;
  beforeAll(async () => {
    lab = await startSessionLab({ provider: createScriptedProvider(), runner: createStageSandbox() });
  });
  afterAll(async () => lab.stop());

  it('are known by every table that names blobs, within their workspace', async () => {
    const leftovers = createPostgresLeftovers(lab.database);
    const name = (digit: string) => digit.repeat(64);
    const { id } = await lab.createSession(AGENT);
    const run = async (statement: string, values: unknown[] = []) => lab.database.query(statement, values);
    await run(
      `INSERT INTO events (session_id, id, seq, thread_id, type, body, blobs) VALUES ($1, 'e', 99, 't', 'x', '{}', $2)`,
      [id, [name('1'), name('2')]],
    );
    await run(
      `INSERT INTO files (id, workspace_id, filename, mime_type, size_bytes, sha256, downloadable, created_at)
        VALUES ('f', 'lab', 'a', 'text/plain', 1, $1, true, now())`,
      [name('3')],
    );
    await run(`INSERT INTO skills VALUES ('lab', 's', 'n', 'N', 'v', now(), now())`);
    await run(`INSERT INTO skill_versions VALUES ('lab', 's', 'v', '{}', 'h', $1, 1, $2, now())`, [
      name('4'),
      name('5'),
    ]);
    await run(`INSERT INTO session_skills VALUES ($1, 1, '{}', 'lab', $2, $3)`, [id, name('6'), name('7')]);
    await run(
      `INSERT INTO checkpoints (session_id, workspace_id, format, mark, parts, blobs, attached, last_seq)
        VALUES ($1, 'lab', 'f', 'm', '[]', $2, '{}', 1)`,
      [id, [name('8'), name('9')]],
    );
    for (const digit of '123456789') {
      expect([digit, await leftovers.isReferenced('lab', name(digit))]).toEqual([digit, true]);
      expect(await leftovers.isReferenced('other', name(digit))).toBe(false);
    }
    expect(await leftovers.isReferenced('lab', name('a'))).toBe(false);
    // Every column that looks like a blob's name is among those.
    const columns = await lab.database.query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
        WHERE table_schema = 'public' AND (column_name LIKE '%sha256' OR column_name LIKE '%blobs') ORDER BY 1`,
    );
    expect(columns.map((column) => column.name)).toEqual([
      'checkpoints.blobs',
      'events.blobs',
      'files.sha256',
      // Bytes that nothing refers to any more.
      'loose_blobs.sha256',
      'session_skills.archive_sha256',
      'session_skills.document_sha256',
      'skill_versions.archive_sha256',
      'skill_versions.document_sha256',
    ]);
  });
});
