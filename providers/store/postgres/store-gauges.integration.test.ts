import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import { openDatabase, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { createPostgresStoreGauges } from './store-gauges.ts';

describe('the gauges of the store', () => {
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

  it('count sessions by state and what is queued, no more often than every ten seconds', async () => {
    let time = 0;
    const read = createPostgresStoreGauges(database, () => time, 30_000);
    expect(await read()).toEqual({
      sessions: new Map(),
      queuedEvents: 0,
      oldestQueuedSeconds: 0,
      hosts: new Map([
        ['ready', 0],
        ['not_ready', 0],
        ['lost', 0],
      ]),
      hostSessions: new Map(),
      checkpoints: 0,
      workspaces: new Map(),
    });
    await database.query(`
      INSERT INTO session_head (session_id, workspace_id, status, stop, processed_at, deleted_at) VALUES
        ('a', 'w', 'idle', NULL, now(), NULL), ('b', 'w', 'running', NULL, now(), NULL),
        ('c', 'w', 'idle', '{"type":"requires_action","event_ids":[]}', now(), NULL),
        ('d', 'w', 'idle', '{"type":"end_turn"}', now(), NULL), ('e', 'w', 'terminated', NULL, now(), now())`);
    await database.query(`
      INSERT INTO events (session_id, id, arrival, thread_id, type, body, accepted_at, processed_at) VALUES
        ('a', '1', 1, 't', 'user.message', '{}', now() - interval '5 seconds', NULL),
        ('a', '2', 2, 't', 'user.message', '{}', now(), NULL),
        ('a', '3', 3, 't', 'internal.close', '{}', now() - interval '1 hour', NULL),
        ('a', '4', 4, 't', 'user.message', '{}', now() - interval '1 hour', now())`);
    time = 9_999;
    expect((await read()).sessions.size).toBe(0);
    time = 10_000;
    const gauges = await read();
    expect(gauges.sessions).toEqual(
      new Map([
        ['idle', 2],
        ['running', 1],
        ['requires_action', 1],
      ]),
    );
    expect(gauges.queuedEvents).toBe(2);
    expect(gauges.oldestQueuedSeconds).toBeGreaterThanOrEqual(5);
    expect(gauges.oldestQueuedSeconds).toBeLessThan(3_600);
  });

  it('add up what the sessions of a workspace used, deleted ones too', async () => {
    await database.query(`
      INSERT INTO session_head (session_id, workspace_id, processed_at, deleted_at, input_tokens, output_tokens,
        cache_read_input_tokens, cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, list_cost_nano_usd) VALUES
        ('u1', 'team', now(), NULL, 1, 2, 3, 4, 5, 1500000000), ('u2', 'team', now(), now(), 10, 20, 30, 40, 50, 250000000)`);
    const gauges = await createPostgresStoreGauges(database, () => 0, 30_000)();
    expect(gauges.workspaces.get('team')).toEqual({
      input: 11,
      output: 22,
      cacheRead: 33,
      cacheWrite: 99,
      costUsd: 1.75,
    });
  });

  it('count hosts by state, their sessions, and checkpoints', async () => {
    await database.query(`
      INSERT INTO sandbox_hosts (id, task_queue, driver, isolation, ready, heartbeat_at) VALUES
        ('one', 'q', 'd', 'none', true, now()), ('two', 'q', 'd', 'none', true, now()),
        ('three', 'q', 'd', 'none', false, now()), ('four', 'q', 'd', 'none', true, now() - interval '31 seconds'),
        ('taken-away', 'q', 'd', 'none', true, now() - interval '11 minutes')`);
    await database.query(`
      INSERT INTO sessions (id, workspace_id, agent, agent_id, agent_version, environment_id, created_at, updated_at)
        SELECT id, 'w', '{}', 'agent_1', 1, 'env_1', now(), now() FROM unnest(ARRAY['s1', 's2', 's3']) AS id`);
    await database.query(
      `INSERT INTO session_hosts (session_id, host_id, placement) VALUES ('s1', 'one', 'p1'), ('s2', 'one', 'p2'), ('s3', 'four', 'p3')`,
    );
    await database.query(
      `INSERT INTO checkpoints (session_id, workspace_id, format, mark, parts, blobs, attached, last_seq)
        VALUES ('s1', 'w', 'f', 'm', '[]', '{}', '{}', 1)`,
    );
    const gauges = await createPostgresStoreGauges(database, () => 0, 30_000)();
    expect(Object.fromEntries(gauges.hosts)).toEqual({ ready: 2, not_ready: 1, lost: 1 });
    expect(Object.fromEntries(gauges.hostSessions)).toEqual({ one: 2, four: 1 });
    expect(gauges.checkpoints).toBe(1);
  });
});
