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
    const read = createPostgresStoreGauges(database, () => time);
    expect(await read()).toEqual({ sessions: new Map(), queuedEvents: 0, oldestQueuedSeconds: 0 });
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
});
