import { eventListContract } from '../contract/event-list.ts';
import { createInMemoryEventList } from './event-list.ts';
import { createInMemoryJournal } from './journal.ts';

eventListContract('in memory', async () => {
  const journal = createInMemoryJournal(Date.now);
  return { journal, list: createInMemoryEventList(journal), close: async () => undefined };
});
