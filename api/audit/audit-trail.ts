import { setTimeout as delay } from 'node:timers/promises';
import type { AuditEntry, AuditLog, AuditMark } from '../../providers/store/audit-log.ts';

/** Where requests leave their entries. */
export interface AuditTrail {
  /**
   * Adds an entry. Resolves when it is durable, or when the store cannot take it for now: then it is added later, and stands in the
   * process's own log until then. Never rejects: what was done is done.
   */
  add(entry: AuditEntry): Promise<void>;
  /** Adds what waits, as far as the store takes it. */
  close(): Promise<void>;
}

export interface AuditTrailDeps {
  log: Pick<AuditLog, 'append'>;
  /** The store did not take these entries; they are tried again, unless `lost` says that too many wait. */
  onProblem: (error: unknown, entries: readonly AuditEntry[], fate: 'waiting' | 'lost') => void;
  /** Told now and then where the chain is, to be kept outside of the store. */
  onMark: (mark: AuditMark) => void;
}

const RETRY_MS = 1_000;
const AT_ONCE = 500;
/** Entries that may wait for the store. */
const WAITING = 10_000;
/** A mark is told after so many entries. */
const MARK_EVERY = 1_000;

/** Entries of requests that end at the same time share one transaction. */
export function createAuditTrail({ log, onProblem, onMark }: AuditTrailDeps): AuditTrail {
  let waiting: { entry: AuditEntry; added: () => void }[] = [];
  let working: Promise<void> | null = null;
  let unmarked = MARK_EVERY - 1;
  const stop = new AbortController();

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, AT_ONCE);
      const entries = batch.map(({ entry }) => entry);
      try {
        const mark = await log.append(entries);
        waiting = waiting.slice(batch.length);
        unmarked += batch.length;
        if (unmarked >= MARK_EVERY) {
          unmarked = 0;
          onMark(mark);
        }
      } catch (error) {
        const gone = stop.signal.aborted;
        onProblem(error, gone ? waiting.map(({ entry }) => entry) : entries, gone ? 'lost' : 'waiting');
        for (const { added } of waiting) added();
        if (gone) {
          waiting = [];
          return;
        }
        await delay(RETRY_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
        continue;
      }
      for (const { added } of batch) added();
    }
  }

  return {
    async add(entry) {
      if (waiting.length >= WAITING) {
        onProblem(new Error('Too many audit entries wait for the store.'), [entry], 'lost');
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ entry, added: resolve });
      working ??= work().finally(() => {
        working = null;
      });
      await promise;
    },
    async close() {
      stop.abort();
      await working;
    },
  };
}
