import { AppError } from '../../core/errors.ts';
import type { Journal, TransactionRequest } from '../../providers/store/journal.ts';

/** When a hook is called: before a transaction of an activity begins, or after it was committed. */
export type Moment = 'before' | 'after';

/** Stands between activities and the journal and lets the test act at every transaction. */
export interface JournalFaults {
  /** Called at both moments of each transaction that has a row key; the transaction waits for it. */
  onTransaction: ((moment: Moment, request: TransactionRequest) => Promise<void>) | null;
  /** The journal with the hooks in it. */
  wrap(journal: Journal): Journal;
}

export function createJournalFaults(): JournalFaults {
  const faults: JournalFaults = {
    onTransaction: null,
    wrap: (journal) => ({
      ...journal,
      async transact(request, decide) {
        if (request.rowKey !== undefined) await faults.onTransaction?.('before', request);
        const result = await journal.transact(request, decide);
        if (request.rowKey !== undefined) await faults.onTransaction?.('after', request);
        return result;
      },
    }),
  };
  return faults;
}

/** What an activity gets when the answer to its commit was lost. */
export function lostAnswer(): AppError {
  return new AppError('unavailable', 'The test lost the answer.', { retryAfterMs: 10 });
}
