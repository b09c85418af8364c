import { journalContract } from '../contract/journal.ts';
import { createInMemoryJournal } from './journal.ts';

journalContract('in memory', async () => {
  const journal = createInMemoryJournal(Date.now);
  return {
    journal,
    async raiseEpoch(sessionId) {
      const session = journal.sessions.get(sessionId);
      if (!session) throw new Error('no such session');
      session.head = { ...session.head, epoch: session.head.epoch + 1 };
      return session.head.epoch;
    },
    close: async () => undefined,
  };
});
