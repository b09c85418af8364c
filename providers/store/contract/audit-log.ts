import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry, AuditFilter, AuditLog, ChainedAuditEntry } from '../audit-log.ts';
import { auditHash } from '../audit/audit-hash.ts';

export interface AuditLogUnderTest {
  log: AuditLog;
  close(): Promise<void>;
}

export function auditEntry(part: Partial<AuditEntry> = {}): AuditEntry {
  return {
    workspaceId: 'default',
    keyId: 'key_1',
    requestId: 'req_1',
    operation: 'createSession',
    method: 'POST',
    path: '/v1/sessions',
    status: 200,
    resource: 'sesn_1',
    address: '127.0.0.1',
    ...part,
  };
}

/** What every audit log keeps. */
export function auditLogContract(name: string, open: () => Promise<AuditLogUnderTest>): void {
  describe(`the audit log, ${name}`, () => {
    let opened: AuditLogUnderTest;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    it('is intact from its beginning, also when several write at once', async () => {
      const { log } = opened;
      expect(await log.verify()).toMatchObject({ intact: true, entries: 0, newest: { seq: 0, hash: '' } });
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          log.append([
            auditEntry({ requestId: `req_${index}` }),
            auditEntry({ keyId: null, resource: null, address: null, path: '/ä"\\ 😀' }),
          ]),
        ),
      );
      const verdict = await log.verify();
      expect(verdict).toMatchObject({ intact: true, entries: 40, newest: { seq: 40 } });
    });

    it('says where it is, so that others can keep it', async () => {
      const { log } = opened;
      const mark = await log.append([auditEntry()]);
      expect(await log.append([])).toEqual(mark);
      await log.append([auditEntry()]);
      expect(await log.verify(mark)).toMatchObject({ intact: true });
      expect(await log.verify({ ...mark, hash: '0'.repeat(64) })).toMatchObject({ intact: false });
      expect(await log.verify({ seq: mark.seq + 100, hash: mark.hash })).toMatchObject({
        intact: false,
        seq: mark.seq + 2,
      });
    });

    it('stays intact when old entries are removed, and says in an entry that they were', async () => {
      const { log } = opened;
      expect(await log.prune(0)).toBe(null);
      const mark = await log.append([]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const cut = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await log.append([auditEntry(), auditEntry()]);
      expect(await log.prune(cut)).toEqual({ entries: 42, last: mark });
      expect(await log.verify()).toMatchObject({ intact: true, entries: 3, newest: { seq: 45 } });
      expect(await all(log, {})).toMatchObject([
        { seq: 43, previousHash: mark.hash },
        { seq: 44 },
        { seq: 45, operation: 'removeAuditEntries', resource: 'entries 1 to 42', keyId: null },
      ]);
      expect(await log.prune(Date.now() + 60_000)).toMatchObject({ entries: 3, last: { seq: 45 } });
      expect(await log.append([auditEntry()])).toMatchObject({ seq: 47 });
      expect(await log.verify(mark)).toMatchObject({ intact: true, entries: 2, isCompared: false });
    });
  });

  describe(`reading the audit log, ${name}`, () => {
    let opened: AuditLogUnderTest;
    beforeAll(async () => {
      opened = await open();
      const { log } = opened;
      await log.append([auditEntry(), auditEntry({ keyId: null, address: null, resource: null })]);
      await log.append([
        auditEntry({ operation: 'deleteSession', path: '/v1/sessions/sesn_2', resource: 'sesn_2' }),
        auditEntry({ operation: 'createFile', resource: 'file_1 file_2', workspaceId: 'other' }),
        auditEntry({
          operation: 'archiveSession',
          path: '/v1/sessions/sesn_2/archive',
          status: 409,
          resource: null,
        }),
      ]);
    });
    afterAll(() => opened.close());
    const seqs = async (filter: AuditFilter, order: 'asc' | 'desc' = 'asc', after?: number) =>
      (await all(opened.log, filter, order, after)).map(({ seq }) => seq);

    it('goes both ways, from any place, with what each hash is made from', async () => {
      expect(await seqs({})).toEqual([1, 2, 3, 4, 5]);
      expect(await seqs({}, 'desc')).toEqual([5, 4, 3, 2, 1]);
      expect(await seqs({}, 'asc', 3)).toEqual([4, 5]);
      expect(await seqs({}, 'desc', 3)).toEqual([2, 1]);
      for (const entry of await all(opened.log, {})) {
        expect(auditHash(entry.previousHash ?? 'missing', entry)).toBe(entry.hash);
      }
    });

    it('finds what is asked for', async () => {
      expect(await seqs({ keyId: 'key_1', operation: 'createSession' })).toEqual([1]);
      expect(await seqs({ resource: 'sesn_2' })).toEqual([3, 5]);
      expect(await seqs({ resource: 'file_2' }, 'desc')).toEqual([4]);
      expect(await seqs({ workspaceId: 'other' })).toEqual([4]);
      expect(await seqs({ status: 409 })).toEqual([5]);
      expect(await seqs({ address: '127.0.0.1' })).toEqual([1, 3, 4, 5]);
      expect(await seqs({ operation: 'nothing' })).toEqual([]);
      const [first, last] = [await all(opened.log, {}), await all(opened.log, {}, 'desc')].map(
        ([entry]) => entry?.at ?? 0,
      );
      expect(await seqs({ from: first, until: (last ?? 0) + 1 })).toEqual([1, 2, 3, 4, 5]);
      expect(await seqs({ until: first })).toEqual([]);
      expect(await seqs({ from: (last ?? 0) + 1 }, 'desc')).toEqual([]);
    });
  });
}

async function all(
  log: AuditLog,
  filter: AuditFilter,
  order: 'asc' | 'desc' = 'asc',
  after?: number,
): Promise<ChainedAuditEntry[]> {
  const found: ChainedAuditEntry[] = [];
  for await (const some of log.read(filter, { order, after, atOnce: 2 })) {
    expect(some.length).toBeLessThanOrEqual(2);
    found.push(...some);
  }
  return found;
}
