import type { AuditEntry } from '../../providers/store/audit-log.ts';
import { addressBlock } from '../door/client-address.ts';
import type { AuditTrail } from './audit-trail.ts';

/** Notes what may happen any number of times, in a bounded number of entries. */
export interface AuditTally {
  /** Counts one. Where the like was not seen for a while, the entry is added at once. */
  note(entry: AuditEntry): void;
  /** Adds the numbers that are not in the log yet. Resolves when they are, as far as the store takes them. */
  close(): Promise<void>;
}

/** Time in which the like is put together. */
const WINDOW_MS = 600_000;
/** Kinds that are told apart in that time; all others share one entry for each operation and status. */
const KINDS = 50;

/**
 * What has the same operation, status, key and address (IPv6: /64) is one kind. Of each kind the first is an entry of its own, and at the
 * end of ten minutes another says in `resource` how many more there were, and what the last of them asked. So nobody can fill the disk
 * with attempts: whatever they do, about a hundred entries are added in ten minutes.
 */
export function createAuditTally(trail: Pick<AuditTrail, 'add'>): AuditTally {
  const kinds = new Map<string, { last: AuditEntry; more: number }>();
  let timer: NodeJS.Timeout | null = null;

  async function flush(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const counted = [...kinds.values()];
    kinds.clear();
    const added = counted
      .filter(({ more }) => more > 0)
      .map(async ({ last, more }) => trail.add({ ...last, resource: `${more} more` }));
    await Promise.all(added);
  }

  return {
    note(entry) {
      const { operation, status, keyId, address } = entry;
      const shared = `${operation} ${status}`;
      const own = `${shared} ${keyId ?? ''} ${addressBlock(address ?? '')}`;
      const isTold = kinds.has(own) || kinds.size < KINDS;
      const kind = isTold ? own : shared;
      const shown = isTold ? entry : { ...entry, keyId: null, workspaceId: '', address: null };
      const seen = kinds.get(kind);
      if (seen) {
        seen.more += 1;
        seen.last = shown;
        return;
      }
      kinds.set(kind, { last: shown, more: 0 });
      void trail.add(shown);
      timer ??= setTimeout(() => void flush(), WINDOW_MS).unref();
    },
    close: flush,
  };
}
