import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJournalWriter } from '../../../core/journal/journal-writer.ts';
import { startTestServices } from '../../../test/harness/start-test-services.ts';
import { journalContract } from '../contract/journal.ts';
import { openDatabase } from './database.ts';
import { createPostgresJournal } from './journal.ts';
import { migrate } from './migrate.ts';
import { createPostgresUpkeep } from './upkeep.ts';

async function open() {
  const services = await startTestServices();
  const database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
  const upkeep = createPostgresUpkeep(database);
  return {
    journal: createPostgresJournal(database),
    async raiseEpoch(sessionId: string) {
      const session = await upkeep.newEpoch(sessionId);
      if (!session) throw new Error('no such session');
      return session.epoch;
    },
    async close() {
      await database.close();
      await services.stop();
    },
  };
}

journalContract('on PostgreSQL', open);

describe('the journal on PostgreSQL', () => {
  let subject: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    subject = await open();
    await subject.journal.createSession(
      {
        id: 'sesn_1',
        workspaceId: 'w',
        threadId: 'sthr_1',
        agent: {},
        agentId: 'agent_1',
        agentVersion: 1,
        agentName: 'a',
        environmentId: 'env_1',
        title: null,
        metadata: {},
        vaultIds: [],
        budget: null,
      },
      () => ({ writes: null, result: null }),
    );
  });
  afterAll(async () => subject.close());

  it('types values that the database refuses, which no retry can help, and writes nothing of the transaction', async () => {
    const { journal } = subject;
    const ids = { event: () => 'sevt_x' };
    const refused = journal.transact({ sessionId: 'sesn_1', caller: 'activity' }, (view) => {
      const writer = createJournalWriter(view, ids);
      writer.append({ id: 'sevt_1', type: 'agent.message', body: {} });
      writer.append({ id: 'sevt_\u0000', type: 'agent.message', body: {} });
      return { writes: writer.finish(null), result: null };
    });
    await expect(refused).rejects.toMatchObject({ code: 'unstorable' });
    expect(await journal.eventsAfter('sesn_1', 0, 10)).toEqual([]);
  });
});
