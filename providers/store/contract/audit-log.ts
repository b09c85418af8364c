import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry, AuditLog } from '../audit-log.ts';

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

    it('stays intact when old entries are removed', async () => {
      const { log } = opened;
      expect(await log.prune(0)).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const cut = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await log.append([auditEntry(), auditEntry()]);
      expect(await log.prune(cut)).toBe(42);
      expect(await log.verify()).toMatchObject({ intact: true, entries: 2, newest: { seq: 44 } });
      expect(await log.prune(Date.now() + 60_000)).toBe(2);
      expect(await log.append([auditEntry()])).toMatchObject({ seq: 45 });
      expect(await log.verify()).toMatchObject({ intact: true, entries: 1 });
    });
  });
}
