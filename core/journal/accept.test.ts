import { describe, expect, it } from 'vitest';
import { aCall, anOpenRow, aQueued, countingIds, journalView } from '../../test/doubles/journal-view.ts';
import { accept, type AcceptEvent } from './accept.ts';

const MAXIMUM = 5;

function event(type: string, parts: Partial<AcceptEvent> = {}): AcceptEvent {
  return { id: `id-${type}`, type, body: { type }, ...parts };
}

function confirm(ref: string, answer: 'allow' | 'deny' = 'allow'): AcceptEvent {
  return event('user.tool_confirmation', { ref, confirmation: { answer, denyMessage: 'no' } });
}

const run = (view: Parameters<typeof accept>[0], ...events: AcceptEvent[]) =>
  accept(view, events, MAXIMUM, countingIds());

describe('accept', () => {
  it('queues messages with dense arrivals and gives them no place in the log yet', () => {
    const { writes, accepted } = run(
      journalView({ head: { lastArrival: 7 } }),
      event('user.message'),
      event('system.message'),
    );
    expect(accepted.map(({ arrival, seq, finished }) => [arrival, seq, finished])).toEqual([
      [8, null, false],
      [9, null, false],
    ]);
    expect(writes.entries).toEqual([]);
    expect(writes.head.lastArrival).toBe(9);
    expect(writes.head.status).toBe('idle');
  });

  it('refuses a message while the idle session waits for somebody, and names the calls and the event', () => {
    const view = journalView({ calls: [aCall('t1', { kind: 'ask' }), aCall('t2', { kind: 'custom' })] });
    expect(() => run(view, event('user.message'))).toThrow(/events\.0\.the session waits for t1, t2/);
  });

  it('queues a message while the calls of a running session wait', () => {
    const view = journalView({ head: { status: 'running' }, calls: [aCall('t1', { kind: 'ask' })] });
    expect(run(view, event('user.message')).accepted[0]?.seq).toBeNull();
  });

  it('takes a message that follows the last answer in one batch', () => {
    const view = journalView({ calls: [aCall('t1', { kind: 'ask' })] });
    expect(run(view, confirm('t1'), event('user.message')).accepted).toHaveLength(2);
  });

  it('refuses the whole batch when one event is refused', () => {
    const view = journalView({ calls: [aCall('t1', { kind: 'ask' })] });
    expect(() => run(view, confirm('t1'), confirm('t1'))).toThrow(/events\.1\.tool_use_id: t1 was already/);
  });

  it.each([
    ['an unknown tool use', journalView(), /x is not a tool use of this session/],
    [
      'an answered tool use',
      journalView({ named: [{ id: 'x', kind: 'ask', resolved: true }] }),
      /x already has its result/,
    ],
    ['a call that asks nobody', journalView({ calls: [aCall('x')] }), /x does not wait for a confirmation/],
  ])('refuses a confirmation of %s', (_, view, message) => {
    expect(() => run(view, confirm('x'))).toThrow(message);
  });

  it('finishes an interrupt on the spot only when there is nothing to interrupt', () => {
    const idle = run(journalView({ head: { lastSeq: 4 } }), event('user.interrupt'));
    expect(idle.accepted[0]).toMatchObject({ seq: 5, finished: true });
    expect(idle.writes.entries).toHaveLength(1);
    for (const view of [
      journalView({ head: { status: 'running' } }),
      journalView({ queue: [aQueued(1, 'user.message')] }),
      journalView({ calls: [aCall('t1', { kind: 'ask' })] }),
    ]) {
      expect(run(view, event('user.interrupt')).accepted[0]).toMatchObject({ seq: null, finished: false });
    }
  });

  it('lets the result of a custom tool take effect at once and closes its row', () => {
    const view = journalView({ calls: [aCall('t1', { kind: 'custom' })] });
    const { writes, accepted } = run(view, event('user.custom_tool_result', { ref: 't1' }));
    expect(accepted[0]).toMatchObject({ arrival: 1, seq: 3, finished: false });
    expect(writes.resolved).toEqual(['t1']);
    expect(writes.steps[0]).toMatchObject({ key: 'tool/t1', outcome: { kind: 'result', toolUseId: 't1' } });
    expect(writes.head.status).toBe('running');
    expect(writes.thread.owed).toBe(true);
  });

  it('journals a second result of a custom tool without effect', () => {
    const view = journalView({ named: [{ id: 't1', kind: 'custom', resolved: true }] });
    const { writes } = run(view, event('user.custom_tool_result', { ref: 't1' }));
    expect(writes.entries).toHaveLength(1);
    expect(writes.resolved).toEqual([]);
    expect(writes.head.status).toBe('idle');
    expect(writes.thread.owed).toBe(false);
  });

  it('refuses the result of a tool that is not the client’s', () => {
    const view = journalView({ calls: [aCall('t1', { row: anOpenRow('tool/t1') })] });
    expect(() => run(view, event('user.custom_tool_result', { ref: 't1' }))).toThrow(/not a custom tool use/);
  });

  it('holds at most so many unprocessed events, and says when to come back', () => {
    const queue = Array.from({ length: MAXIMUM }, (_, index) => aQueued(index + 1, 'user.message'));
    expect(() => run(journalView({ queue }), event('user.message'))).toThrow(
      expect.objectContaining({ code: 'rate_limited', retryAfterMs: 5_000 }),
    );
    expect(() => run(journalView({ queue: queue.slice(1) }), event('user.message'))).not.toThrow();
  });

  it('refuses types that clients do not send', () => {
    expect(() => run(journalView(), event('agent.message'))).toThrow(/type: agent\.message cannot be sent/);
  });
});
