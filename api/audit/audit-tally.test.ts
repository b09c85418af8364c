import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AuditEntry } from '../../providers/store/audit-log.ts';
import { auditEntry } from '../../providers/store/contract/audit-log.ts';
import { createAuditTally } from './audit-tally.ts';

let entries: AuditEntry[];
const trail = { add: async (entry: AuditEntry) => void entries.push(entry) };
const refused = (address: string, part: Partial<AuditEntry> = {}) =>
  auditEntry({ operation: 'refusedRequest', status: 401, keyId: null, resource: null, address, ...part });

beforeEach(() => {
  entries = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

it('adds the first of a kind at once, and the number of the others after a while', () => {
  const tally = createAuditTally(trail);
  for (let count = 0; count < 1_000; count += 1) {
    tally.note(refused('203.0.113.1', { path: `/v1/${count}` }));
    tally.note(refused(`2001:db8:1:2::${count.toString(16)}`));
  }
  expect(entries).toEqual([refused('203.0.113.1', { path: '/v1/0' }), refused('2001:db8:1:2::0')]);
  vi.advanceTimersByTime(600_000);
  expect(entries.slice(2).map(({ path, resource }) => [path, resource])).toEqual([
    ['/v1/999', '999 more'],
    ['/v1/sessions', '999 more'],
  ]);
  tally.note(refused('203.0.113.1'));
  expect(entries).toHaveLength(5);
});

it('adds few entries, from however many addresses what comes', async () => {
  const tally = createAuditTally(trail);
  for (let count = 0; count < 100_000; count += 1) {
    tally.note(
      refused(`10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`, { status: 401 + (count % 2) * 28 }),
    );
  }
  await tally.close();
  expect(entries.length).toBeLessThan(120);
  const times = ({ resource }: AuditEntry) => (resource === null ? 1 : Number.parseInt(resource, 10));
  expect(entries.reduce((sum, entry) => sum + times(entry), 0)).toBe(100_000);
  expect(vi.getTimerCount()).toBe(0);
});
