import type { AuditLog, StoredAuditEntry } from '../audit-log.ts';
import { auditHash } from '../audit/audit-hash.ts';

/** An audit log in memory, for tests; its entries can be looked at. */
export interface InMemoryAuditLog extends AuditLog {
  readonly entries: StoredAuditEntry[];
}

export function createInMemoryAuditLog(now: () => number): InMemoryAuditLog {
  const entries: StoredAuditEntry[] = [];
  let base = { seq: 0, hash: '' };
  return {
    entries,
    async append(added) {
      for (const entry of added) {
        const before = entries.at(-1) ?? base;
        const placed = { ...entry, seq: before.seq + 1, at: now() };
        entries.push({ ...placed, hash: auditHash(before.hash, placed) });
      }
      const { seq, hash } = entries.at(-1) ?? base;
      return { seq, hash };
    },
    async verify(expected) {
      let last = base;
      for (const entry of entries) {
        const changed = entry.seq !== last.seq + 1 || auditHash(last.hash, entry) !== entry.hash;
        const other = expected?.seq === entry.seq && expected.hash !== entry.hash;
        if (changed || other) return { intact: false, seq: last.seq + 1, problem: 'The entry was changed.' };
        last = { seq: entry.seq, hash: entry.hash };
      }
      if (expected && expected.seq > last.seq) {
        return { intact: false, seq: last.seq + 1, problem: 'Entries are missing.' };
      }
      const isCompared = expected === undefined || expected.seq >= base.seq;
      return { intact: true, entries: entries.length, newest: last, isCompared };
    },
    async prune(time) {
      const kept = entries.findIndex((entry) => entry.at >= time);
      const removed = entries.splice(0, kept === -1 ? entries.length : kept);
      const last = removed.at(-1);
      if (last) base = { seq: last.seq, hash: last.hash };
      return removed.length;
    },
  };
}
