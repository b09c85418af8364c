import { expect, it } from 'vitest';
import { aCall, aQueued, countingIds, journalView } from '../../test/doubles/journal-view.ts';
import { archive } from './archive.ts';

it('ends the log with the termination, behind messages that were held by an unanswered call', () => {
  const view = journalView({
    head: { stop: { type: 'requires_action', event_ids: ['t1'] } },
    queue: [aQueued(8, 'user.message'), aQueued(9, 'user.message')],
    calls: [aCall('t1', { kind: 'ask' })],
  });
  const { entries, enqueue } = archive(view, countingIds());
  expect(entries.map((entry) => (entry.kind === 'append' ? entry.event.type : `stamp ${entry.id}`))).toEqual([
    'stamp q8',
    'stamp q9',
    'session.thread_status_terminated',
    'session.status_terminated',
  ]);
  expect(enqueue).toMatchObject([{ event: { type: 'internal.close' } }]);
});

it('is refused while something is queued that can take effect', () => {
  const view = journalView({ queue: [aQueued(9, 'user.message')] });
  expect(() => archive(view, countingIds())).toThrow('The session is running and cannot be archived');
});
