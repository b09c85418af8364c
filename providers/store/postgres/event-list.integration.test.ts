import { describe, expect, it } from 'vitest';
import { startTestServices } from '../../../test/harness/start-test-services.ts';
import { eventListContract } from '../contract/event-list.ts';
import type { EventPosition } from '../event-list.ts';
import { openDatabase } from './database.ts';
import { createPostgresEventList } from './event-list.ts';
import { createPostgresJournal } from './journal.ts';
import { migrate } from './migrate.ts';

const open = async () => {
  const services = await startTestServices();
  const database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
  return {
    database,
    journal: createPostgresJournal(database),
    list: createPostgresEventList(database),
    close: async () => {
      await database.close();
      await services.stop();
    },
  };
};

eventListContract('on PostgreSQL', open);

describe('the event list on PostgreSQL', () => {
  it('ends a page early where bodies are large, and loses nothing by it', async () => {
    const { database, list, close } = await open();
    await database.query(
      `INSERT INTO session_head (session_id, workspace_id, last_seq, processed_at) VALUES ('sesn_1', 'w', 40, now())`,
    );
    // Random text does not compress, so that what is stored is as large as what is read.
    // One statement each: on a busy machine all of them in one last longer than a statement may.
    for (let seq = 1; seq <= 40; seq++)
      await database.query(
        `INSERT INTO events (session_id, id, seq, thread_id, type, body, processed_at)
         SELECT 'sesn_1', 'sevt_' || $1::int, $1::int, 'sthr_1', 'agent.message',
           json_build_object('text', string_agg(md5(random()::text), '')), now()
         FROM generate_series(1, 32768)`,
        [seq],
      );
    let from: EventPosition | null = null;
    const sizes: number[] = [];
    const seen: (number | null)[] = [];
    for (let more = true; more;) {
      const shared = { sessionId: 'sesn_1', threadId: 'sthr_1', types: null, processed: null };
      const page = await list.page({ ...shared, order: 'asc', limit: 1_000, from });
      sizes.push(page.items.length);
      seen.push(...page.items.map((item) => item.event.seq));
      from = page.items.at(-1)?.position ?? from;
      more = page.more;
    }
    expect(Math.max(...sizes)).toBeLessThan(20);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    await close();
  });
});
