import type { AuditFilter, AuditLog, StoredAuditEntry } from '../audit-log.ts';
import { auditHash } from '../audit/audit-hash.ts';
import { removalEntry } from '../audit/service-entry.ts';

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
    async *read(filter, { order, after, atOnce }) {
      const chained = entries.map((entry, at) => ({
        ...entry,
        previousHash: (entries[at - 1] ?? base).hash,
      }));
      const found = chained.filter((entry) => matches(entry, filter));
      if (order === 'desc') found.reverse();
      const rest = found.filter(
        ({ seq }) => after === undefined || (order === 'asc' ? seq > after : seq < after),
      );
      for (let at = 0; at < rest.length; at += atOnce) yield rest.slice(at, at + atOnce);
    },
    async prune(time) {
      const old = entries.filter(({ at }) => at < time).at(-1);
      if (!old) return null;
      const last = { seq: old.seq, hash: old.hash };
      await this.append([removalEntry(base.seq + 1, last.seq)]);
      const removed = entries.splice(0, entries.indexOf(old) + 1);
      base = last;
      return { entries: removed.length, last };
    },
  };
}

function matches(entry: StoredAuditEntry, filter: AuditFilter): boolean {
  const { from, until, resource, ...same } = filter;
  const named = [...(entry.resource ?? '').split(' '), ...entry.path.split('/')];
  return (
    (from === undefined || entry.at >= from) &&
    (until === undefined || entry.at < until) &&
    (resource === undefined || named.includes(resource)) &&
    Object.entries(same).every(
      ([name, value]) => value === undefined || entry[name as keyof typeof same] === value,
    )
  );
}
