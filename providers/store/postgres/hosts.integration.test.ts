import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import { hostsContract, type HostsSubject } from '../contract/hosts.ts';
import { createPostgresCheckpoints } from './checkpoints.ts';
import { openDatabase, type Database } from './database.ts';
import { createPostgresHosts } from './hosts.ts';
import { createPostgresLeftovers } from './leftovers.ts';
import { migrate } from './migrate.ts';

let services: TestServices;
let database: Database;
beforeAll(async () => {
  services = await startTestServices();
  database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
});
afterAll(async () => {
  await database.close();
  await services.stop();
});

async function session(): Promise<string> {
  const id = `sesn_${randomUUID()}`;
  await database.query(
    `INSERT INTO sessions (id, workspace_id, agent, agent_id, agent_version, environment_id, created_at, updated_at)
      VALUES ($1, 'w', '{}', 'agent_1', 1, 'env_1', now(), now())`,
    [id],
  );
  return id;
}

async function make(): Promise<HostsSubject> {
  await database.query('TRUNCATE sandbox_hosts, session_hosts, checkpoints');
  return {
    hosts: createPostgresHosts(database),
    checkpoints: createPostgresCheckpoints(database),
    session,
    async endCall(sessionId, toolUseId, end) {
      const key = `tool/${toolUseId}`;
      await database.query(
        `INSERT INTO steps (session_id, step_key, fence, through, arrived, outcome) VALUES ($1, $2, 1, 0, 0, '{}')`,
        [sessionId, key],
      );
      await database.query(
        `INSERT INTO events (session_id, id, seq, thread_id, type, body, step_key)
          VALUES ($1, $2, (SELECT count(*) FROM events WHERE session_id = $1), 't', 'agent.tool_result', '{}', $3)`,
        [sessionId, `result-${toolUseId}`, end === 'committed' ? key : 't/7'],
      );
    },
    async pass(milliseconds) {
      await database.query(
        `UPDATE sandbox_hosts SET heartbeat_at = heartbeat_at - $1 * interval '1 millisecond',
          alive_since = alive_since - $1 * interval '1 millisecond'`,
        [milliseconds],
      );
    },
  };
}

hostsContract('PostgreSQL', make);

describe('sandboxes at rest on PostgreSQL', () => {
  async function resting(changes: { status?: string; queued?: boolean } = {}): Promise<string> {
    const sessionId = await session();
    await database.query(
      `INSERT INTO session_head (session_id, workspace_id, status, processed_at, last_seq, last_arrival)
        VALUES ($1, 'w', $2, now() - interval '3 days', 5, 2)`,
      [sessionId, changes.status ?? 'idle'],
    );
    if (changes.queued === true)
      await database.query(
        `INSERT INTO events (session_id, id, arrival, thread_id, type, body) VALUES ($1, 'e', 3, 't', 'user.message', '{}')`,
        [sessionId],
      );
    return sessionId;
  }
  const DAY = 86_400_000;

  it('are those of idle sessions that were not used for long, once; what happens meanwhile keeps them', async () => {
    const { hosts, checkpoints } = await make();
    const host = { driver: 'd', isolation: 'none', ready: true, capacity: null };
    await hosts.beat({ ...host, id: 'a', taskQueue: 'q' }, DAY);
    const old = await resting();
    const others = [await resting({ status: 'running' }), await resting({ queued: true }), await session()];
    for (const sessionId of [old, ...others]) await hosts.place(sessionId, DAY);
    expect(await hosts.resting('a', DAY, '', 10)).toEqual([]);
    await database.query(
      `UPDATE session_hosts SET used_at = now() - interval '2 days', placed_at = now() - interval '3 days'`,
    );
    const placement = (await hosts.placement(old))?.id ?? '';
    const found = await hosts.resting('a', DAY, '', 10);
    expect(found).toEqual([
      { sessionId: old, workspaceId: 'w', environmentId: 'env_1', placement, lastSeq: 5, lastArrival: 2 },
    ]);
    expect(await hosts.resting('a', DAY, old, 10)).toEqual([]);
    const [sandbox] = found;
    if (sandbox === undefined) return;
    // Without a checkpoint nothing could bring it back.
    expect(await hosts.putAway('a', sandbox)).toBe(false);
    const checkpoint = { sessionId: old, workspaceId: 'w', format: 'f', mark: 'm', parts: [], attached: {} };
    await checkpoints.record({ ...checkpoint, lastSeq: 5 }, null, placement);
    expect(await hosts.putAway('a', { ...sandbox, lastSeq: 4 })).toBe(false);
    expect(await hosts.putAway('a', { ...sandbox, lastArrival: 1 })).toBe(false);
    expect(await hosts.putAway('b', sandbox)).toBe(false);
    expect(await hosts.putAway('a', sandbox)).toBe(true);
    expect(await hosts.putAway('a', sandbox)).toBe(false);
    expect(await hosts.placement(old)).toMatchObject({ hostId: 'a', movedFrom: 'a' });
    expect(await hosts.leftBehind('a', new Map([[old, placement]]))).toEqual([old]);
    expect(await hosts.resting('a', DAY, '', 10)).toEqual([]);
    // Used again, and forgotten again.
    await hosts.place(old, DAY);
    await database.query(
      `UPDATE session_hosts SET used_at = now() - interval '2 days', placed_at = now() - interval '3 days'`,
    );
    expect(await hosts.resting('a', DAY, '', 10)).toHaveLength(1);
  });
});

describe('checkpoints on PostgreSQL', () => {
  it('keep their blobs from the sweep, and go with their session', async () => {
    const { hosts, checkpoints } = await make();
    const sessionId = await session();
    await hosts.beat(
      { id: 'a', taskQueue: 'q', driver: 'bubblewrap', isolation: 'namespace', ready: true, capacity: null },
      1_000,
    );
    const placement = (await hosts.place(sessionId, 1_000))?.id ?? '';
    const [base, changes] = ['b'.repeat(64), 'c'.repeat(64)];
    const parts = [base, changes].map((sha256) => ({ sha256, bytes: 1 }));
    const checkpoint = {
      sessionId,
      workspaceId: 'w',
      format: 'f',
      mark: 'm',
      parts,
      attached: {},
      lastSeq: 1,
    };
    expect(await checkpoints.record(checkpoint, null, placement)).toBe(true);
    const leftovers = createPostgresLeftovers(database);
    expect(await leftovers.isReferenced('w', base)).toBe(true);
    expect(await leftovers.isReferenced('w', changes)).toBe(true);
    expect(await leftovers.isReferenced('other', base)).toBe(false);
    await database.query('DELETE FROM sessions WHERE id = $1', [sessionId]);
    expect(await leftovers.isReferenced('w', base)).toBe(false);
    expect(await checkpoints.get(sessionId)).toBeNull();
    expect(await hosts.placement(sessionId)).toBeNull();
    expect(await checkpoints.record(checkpoint, null, placement)).toBe(false);
  });
  it('move from a host that is forgotten', async () => {
    const { hosts, pass } = await make();
    const sessionId = await session();
    const host = { driver: 'd', isolation: 'none', ready: true, capacity: null };
    await hosts.beat({ ...host, id: 'a', taskQueue: 'a' }, 1_000);
    const first = await hosts.place(sessionId, 1_000);
    await hosts.beat({ ...host, id: 'b', taskQueue: 'b' }, 1_000);
    await pass(2_000);
    await database.query(`UPDATE sandbox_hosts SET heartbeat_at = now() WHERE id = 'b'`);
    expect(await hosts.reap(1_000)).toEqual(['a']);
    await database.query(`UPDATE sandbox_hosts SET lost_at = now() - interval '8 days' WHERE id = 'a'`);
    await hosts.reap(1_000);
    const { length } = await database.query(`SELECT 1 FROM sandbox_hosts WHERE id = 'a'`);
    expect(length).toBe(0);
    expect(await hosts.placement(sessionId)).toMatchObject({ id: first?.id, taskQueue: null });
    expect(await hosts.place(sessionId, 1_000)).toMatchObject({ hostId: 'b', movedFrom: 'a' });
  });
  it('of two places at once, one stands', async () => {
    const { hosts } = await make();
    const sessionId = await session();
    for (const id of ['a', 'b', 'c']) {
      await hosts.beat(
        { id, taskQueue: id, driver: 'd', isolation: 'none', ready: true, capacity: null },
        1_000,
      );
    }
    const placed = await Promise.all(Array.from({ length: 10 }, () => hosts.place(sessionId, 1_000)));
    expect(new Set(placed.map((placement) => placement?.id)).size).toBe(1);
  });
});
