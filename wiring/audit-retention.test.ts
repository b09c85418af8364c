import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { auditEntry } from '../providers/store/contract/audit-log.ts';
import { createInMemoryAuditLog } from '../providers/store/in-memory/audit-log.ts';
import { startAuditRetention } from './audit-retention.ts';

const DAY_MS = 24 * 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('removes entries after their time, says which, and leaves a log that verifies', async () => {
  const audit = createInMemoryAuditLog(Date.now);
  const said: object[] = [];
  const log = { info: (about: object) => said.push(about), warn: (about: object) => said.push(about) };
  const mark = await audit.append([auditEntry(), auditEntry()]);
  const stop = startAuditRetention(audit, 30, log as never);
  await vi.advanceTimersByTimeAsync(29 * DAY_MS);
  await audit.append([auditEntry()]);
  expect(said).toEqual([]);
  await vi.advanceTimersByTimeAsync(2 * DAY_MS);
  expect(said).toEqual([{ audit_entries: 2, audit_seq: 2, audit_hash: mark.hash }]);
  expect(audit.entries.map(({ seq, operation }) => [seq, operation])).toEqual([
    [3, 'createSession'],
    [4, 'removeAuditEntries'],
  ]);
  expect(await audit.verify()).toMatchObject({ intact: true, entries: 2 });
  stop();
  await vi.advanceTimersByTimeAsync(60 * DAY_MS);
  expect(said).toHaveLength(1);
});

it('goes on after a failure, and keeps everything where nothing else is set', async () => {
  const prune = vi.fn(async () => Promise.reject(new Error('no database')));
  const said: string[] = [];
  const log = { info: () => undefined, warn: (_about: object, text: string) => said.push(text) };
  const stop = startAuditRetention({ prune }, 1, log as never);
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(prune.mock.calls.length).toBeGreaterThan(20);
  expect(said).toHaveLength(prune.mock.calls.length);
  stop();
  prune.mockClear();
  startAuditRetention({ prune }, null, log as never);
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(prune).not.toHaveBeenCalled();
});
