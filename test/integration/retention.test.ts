import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRetention, type RetentionDependencies } from '../../activities/upkeep/retention.ts';
import type { OutlivedSession } from '../../providers/store/retention.ts';
import type { AuditEntry } from '../../providers/store/audit-log.ts';
import { createPostgresRetention } from '../../providers/store/postgres/retention.ts';
import { createMetrics } from '../../providers/telemetry/metrics.ts';
import { AGENT } from '../replay/scenarios.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';

const DAY_MS = 24 * 3_600_000;
const NOTHING_GOES = { archived: null, idle: null, waiting: null };

describe('sessions that have outlived their time', () => {
  let lab: SessionLab;
  const sandbox = createStageSandbox();

  beforeAll(async () => {
    lab = await startSessionLab({ provider: createScriptedProvider(), runner: sandbox });
    await lab.startWorker();
  });
  afterAll(async () => {
    sandbox.release();
    await lab.stop();
  });

  function stage(options: Partial<RetentionDependencies>) {
    const lines: { msg: string; session_ids?: string[]; state?: string }[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString()) as (typeof lines)[number]);
        done();
      },
    });
    const metrics = createMetrics('worker');
    const entries: AuditEntry[] = [];
    const retention = createRetention({
      store: createPostgresRetention(lab.database),
      journal: lab.journal,
      engine: lab.engine,
      bus: lab.bus,
      lease: { held: async () => true, release: async () => undefined },
      keptFor: NOTHING_GOES,
      outputsMs: null,
      archivedSandboxesMs: null,
      removed: metrics.removed,
      audit: { add: async (entry) => void entries.push(entry) },
      log: pino(sink),
      now: Date.now,
      ...options,
    });
    const removed = async (what: string): Promise<number> => {
      const line = new RegExp(`^managed_agent_retention_removed_total\\{.*what="${what}".*\\} (\\d+)$`, 'm');
      return Number(line.exec(await metrics.text())?.[1] ?? 0);
    };
    return { retention, lines, entries, removed };
  }

  /** Every table with a row that names the session in any column, the tombstone excepted. */
  async function tablesWith(sessionId: string): Promise<string[]> {
    const tables = await lab.database.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const found = [];
    for (const { name } of tables) {
      const rows = await lab.database.query(
        `SELECT 1 FROM "${name}" AS r WHERE strpos(to_jsonb(r)::text, $1) > 0 LIMIT 1`,
        [sessionId],
      );
      if (rows.length > 0 && name !== 'session_head') found.push(name);
    }
    return found.sort();
  }
  async function age(sessionId: string, days: number): Promise<void> {
    for (const change of [
      `UPDATE session_head SET archived_at = archived_at - make_interval(days => $2),
        processed_at = processed_at - make_interval(days => $2) WHERE session_id = $1`,
      `UPDATE sessions SET created_at = created_at - make_interval(days => $2),
        updated_at = updated_at - make_interval(days => $2) WHERE id = $1`,
      `UPDATE files SET created_at = created_at - make_interval(days => $2) WHERE session_id = $1`,
    ])
      await lab.database.query(change, [sessionId, days]);
  }
  async function makeIdle(): Promise<string> {
    const { id } = await lab.createSession(AGENT, [userMessage('call bash')]);
    await lab.rest(id);
    return id;
  }
  async function makeArchived(): Promise<string> {
    const id = await makeIdle();
    await lab.archive(id);
    return id;
  }
  async function makeWaiting(): Promise<string> {
    const { id } = await lab.createSession(AGENT, [userMessage('call write')]);
    const head = await lab.rest(id);
    expect(head.stop?.type).toBe('requires_action');
    return id;
  }
  const isThere = async (sessionId: string): Promise<boolean> => (await lab.journal.head(sessionId)) !== null;

  /** A row in every table that is the session's. */
  async function fill(sessionId: string): Promise<void> {
    const sha256 = randomBytes(32).toString('hex');
    const file = `file_${sha256.slice(0, 20)}`;
    const run = async (statement: string, values: unknown[]) => lab.database.query(statement, values);
    await run(
      `INSERT INTO files (id, workspace_id, session_id, filename, mime_type, size_bytes, sha256, downloadable, created_at)
        VALUES ($2, 'lab', $1, 'a', 'text/plain', 1, $3, true, now())`,
      [sessionId, file, sha256],
    );
    await run(
      `INSERT INTO session_resources (id, session_id, type, file_id, mount_path, created_at, updated_at)
        VALUES ($2, $1, 'file', $3, '/a', now(), now())`,
      [sessionId, `resource_${file}`, file],
    );
    await run(
      `INSERT INTO session_repositories (id, session_id, url, mount_path, created_at, updated_at)
        VALUES ($2, $1, 'https://github.com/a/b', '/b', now(), now())`,
      [sessionId, `repository_${file}`],
    );
    await run(`INSERT INTO session_skills VALUES ($1, 1, '{}', 'lab', $2, $2)`, [sessionId, sha256]);
    await run(`INSERT INTO session_hosts (session_id, host_id, placement) VALUES ($1, 'h', 'p')`, [
      sessionId,
    ]);
    await run(
      `INSERT INTO checkpoints (session_id, workspace_id, format, mark, parts, blobs, attached, last_seq)
        VALUES ($1, 'lab', 'f', 'm', '[]', $2, '{}', 1)`,
      [sessionId, [sha256]],
    );
  }

  it('go with every row that names them and with their workflow; younger ones stay', async () => {
    const [old, young, idle] = [await makeArchived(), await makeArchived(), await makeIdle()];
    await fill(old);
    expect(await tablesWith(old)).toEqual([
      'checkpoints',
      'events',
      'files',
      'session_hosts',
      'session_repositories',
      'session_resources',
      'session_skills',
      'session_threads',
      'sessions',
      'steps',
      'tool_calls',
    ]);
    await age(old, 31);
    await age(young, 29);
    await age(idle, 31);
    const deleted: string[] = [];
    lab.bus.subscribe(
      old,
      (message) => deleted.push(message.type),
      () => undefined,
    );
    const { retention, lines, entries, removed } = stage({
      keptFor: { ...NOTHING_GOES, archived: 30 * DAY_MS },
    });
    await retention.round();
    expect(await tablesWith(old)).toEqual([]);
    expect(entries).toMatchObject([{ operation: 'removeSessions', workspaceId: 'lab', resource: old }]);
    expect([await isThere(young), await isThere(idle)]).toEqual([true, true]);
    expect(await lab.engine.stateOf(old)).toBe('missing');
    expect(deleted).toEqual(['deleted']);
    expect(lines).toMatchObject([{ state: 'archived', sessions: 1, session_ids: [old] }]);
    expect(await removed('archived_sessions')).toBe(1);
    expect(await removed('idle_sessions')).toBe(0);
  });

  it('go by the setting of their own state', async () => {
    const [idle, waiting, archived] = [await makeIdle(), await makeWaiting(), await makeArchived()];
    for (const id of [idle, waiting, archived]) await age(id, 100);
    const first = stage({ keptFor: { ...NOTHING_GOES, idle: 90 * DAY_MS } });
    await first.retention.round();
    expect([await isThere(idle), await isThere(waiting), await isThere(archived)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(await first.removed('idle_sessions')).toBe(1);
    const second = stage({ keptFor: { ...NOTHING_GOES, waiting: 90 * DAY_MS } });
    await second.retention.round();
    expect([await isThere(waiting), await isThere(archived)]).toEqual([false, true]);
    expect(second.lines).toMatchObject([{ state: 'waiting', session_ids: [waiting] }]);
  });

  it('stay while they run, when something new came after they were found, and with a new file', async () => {
    const running = await lab.createSession(AGENT, [userMessage('run wait')]);
    await expect.poll(() => sandbox.effects.size, { timeout: 20_000 }).toBeGreaterThan(0);
    const [queued, woken, used] = [await makeIdle(), await makeIdle(), await makeIdle()];
    for (const id of [running.id, queued, woken, used]) await age(id, 100);
    await lab.database.query(
      `INSERT INTO files (id, workspace_id, session_id, filename, mime_type, size_bytes, sha256, downloadable, created_at)
        VALUES ('file_new', 'lab', $1, 'a', 'text/plain', 1, $2, false, now())`,
      [used, 'a'.repeat(64)],
    );
    const found = createPostgresRetention(lab.database);
    const seen: OutlivedSession[] = [];
    const { retention } = stage({
      keptFor: { archived: DAY_MS, idle: DAY_MS, waiting: DAY_MS },
      store: {
        ...found,
        async outlived(...asked) {
          const page = await found.outlived(...asked);
          seen.push(...page.sessions);
          await lab.send(queued, [userMessage('hello')], 'untold');
          await lab.send(woken, [userMessage('hello')]);
          await lab.rest(woken);
          return page;
        },
      },
    });
    await retention.round();
    const ids = seen.map(({ sessionId }) => sessionId);
    expect(ids).toEqual(expect.arrayContaining([queued, woken]));
    expect(ids).not.toContain(running.id);
    for (const id of [running.id, queued, woken, used]) expect(await isThere(id)).toBe(true);
    sandbox.release();
    await lab.rest(running.id);
  });

  it('are found page by page, and again only after an hour', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, makeArchived));
    for (const id of ids) await age(id, 400);
    const store = createPostgresRetention(lab.database);
    const keptFor = { ...NOTHING_GOES, archived: 365 * DAY_MS };
    const pages: string[][] = [];
    for (let after: string | null = null, more = true; more;) {
      const page = await store.outlived(keptFor, after, 2);
      pages.push(page.sessions.map(({ sessionId }) => sessionId));
      more = page.next !== null;
      after = page.next;
    }
    expect(pages.flat().sort()).toEqual([...ids].sort());
    expect(pages.every((page) => page.length <= 2)).toBe(true);

    let time = Date.now();
    const { retention, removed } = stage({ keptFor, now: () => time });
    await retention.round();
    expect(await removed('archived_sessions')).toBe(5);
    const later = await makeArchived();
    await age(later, 400);
    await retention.round();
    expect(await isThere(later)).toBe(true);
    time += 3_600_000;
    await retention.round();
    expect(await isThere(later)).toBe(false);
  });

  it('are left alone by a worker that has not the role, and by settings that keep everything', async () => {
    const id = await makeArchived();
    await age(id, 400);
    const lease = { held: async () => false, release: async () => undefined };
    await stage({ keptFor: { archived: 1, idle: 1, waiting: 1 }, lease }).retention.round();
    await stage({}).retention.round();
    expect(await isThere(id)).toBe(true);
  });

  it('have outputs that expire by their age, and attached files that do not', async () => {
    const id = await makeIdle();
    for (const [file, downloadable, days] of [
      ['file_old', true, 8],
      ['file_young', true, 6],
      ['file_upload', false, 8],
    ] as const)
      await lab.database.query(
        `INSERT INTO files (id, workspace_id, session_id, filename, mime_type, size_bytes, sha256, downloadable, created_at)
          VALUES ($1, 'lab', $2, 'a', 'text/plain', 1, $3, $4, now() - make_interval(days => $5))`,
        [file, id, 'b'.repeat(64), downloadable, days],
      );
    const { retention, removed } = stage({ outputsMs: 7 * DAY_MS });
    await retention.round();
    const expired = await lab.database.query<{ id: string }>(
      'SELECT id FROM files WHERE session_id = $1 AND expires_at <= now()',
      [id],
    );
    expect(expired.map((row) => row.id)).toEqual(['file_old']);
    expect(await removed('outputs')).toBe(1);
  });
});
