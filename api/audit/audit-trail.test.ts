import { describe, expect, it } from 'vitest';
import type { AuditEntry, AuditMark } from '../../providers/store/audit-log.ts';
import { auditEntry } from '../../providers/store/contract/audit-log.ts';
import { createInMemoryAuditLog } from '../../providers/store/in-memory/audit-log.ts';
import { createAuditTrail } from './audit-trail.ts';

function make(append?: (entries: readonly AuditEntry[]) => Promise<AuditMark>) {
  const log = createInMemoryAuditLog(Date.now);
  const problems: string[] = [];
  const marks: AuditMark[] = [];
  const trail = createAuditTrail({
    log: { append: append ?? ((entries) => log.append(entries)) },
    onProblem: (_error, entries, fate) => problems.push(`${entries.length} ${fate}`),
    onMark: (mark) => marks.push(mark),
  });
  return { log, problems, marks, trail };
}

describe('the audit trail', () => {
  it('has an entry in the log when it says so', async () => {
    const { log, trail } = make();
    await trail.add(auditEntry());
    expect(log.entries).toHaveLength(1);
  });

  it('writes together what comes together, in order', async () => {
    const batches: string[][] = [];
    const { trail } = make(async (entries) => {
      batches.push(entries.map(({ requestId }) => requestId));
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { seq: 1, hash: '' };
    });
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => trail.add(auditEntry({ requestId: `${index}` }))),
    );
    expect(batches.flat()).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
    expect(batches.length).toBeLessThanOrEqual(2);
  });

  it('lets the answer go when the store does not take the entry, and adds it later', async () => {
    const log = createInMemoryAuditLog(Date.now);
    let failing = true;
    const { trail, problems } = make(async (entries) => {
      if (failing) throw new Error('gone');
      return log.append(entries);
    });
    await trail.add(auditEntry({ requestId: 'first' }));
    expect(problems).toEqual(['1 waiting']);
    expect(log.entries).toEqual([]);
    failing = false;
    await trail.add(auditEntry({ requestId: 'second' }));
    expect(log.entries.map(({ requestId }) => requestId)).toEqual(['first', 'second']);
  });

  it('adds what waits when it is closed, and says what is lost', async () => {
    const log = createInMemoryAuditLog(Date.now);
    let failures = 1;
    const { trail, problems } = make(async (entries) => {
      if (failures-- > 0) throw new Error('gone');
      return log.append(entries);
    });
    await trail.add(auditEntry());
    await trail.close();
    expect(log.entries).toHaveLength(1);
    failures = 9;
    await trail.add(auditEntry());
    await trail.close();
    expect(problems.at(-1)).toBe('1 lost');
  });

  it('tells where the chain is, at the beginning and every thousand entries', async () => {
    const { trail, marks } = make();
    await trail.add(auditEntry());
    expect(marks.map(({ seq }) => seq)).toEqual([1]);
    await Promise.all(Array.from({ length: 1_500 }, () => trail.add(auditEntry())));
    expect(marks.length).toBe(2);
    expect(marks[1]?.seq).toBeGreaterThanOrEqual(1_001);
  });
});
