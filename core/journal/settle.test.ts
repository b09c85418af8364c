import { describe, expect, it } from 'vitest';
import { aCall, anOpenRow, aQueued, countingIds, journalView } from '../../test/doubles/journal-view.ts';
import type { Decision } from './decision.ts';
import { settle, type SettleAttempt } from './settle.ts';

const attempt: SettleAttempt = {
  sessionId: 'sesn_test',
  epoch: 1,
  threadId: 'sthr_test',
  step: 4,
  seals: [],
  fence: 10,
  reason: 'end',
  failure: null,
};

const run = (view: Parameters<typeof settle>[0], parts: Partial<SettleAttempt> = {}) =>
  settle({ ...view, thread: { ...view.thread, step: 3 } }, { ...attempt, ...parts }, countingIds());

function log(decision: Decision): string[] {
  const entries = decision.writes?.entries ?? [];
  return entries.map((entry) => (entry.kind === 'append' ? entry.event.type : `${entry.kind} ${entry.id}`));
}

const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];
const running = { status: 'running' as const, lastArrival: 9 };

describe('settle', () => {
  it('ends a running turn in which nothing is owed', () => {
    const decision = run(journalView({ head: running }));
    expect(log(decision)).toEqual(IDLE);
    expect(decision).toMatchObject({ outcome: { kind: 'settled', more: false, arrived: 9 } });
  });

  it('leaves the turn open when something waits or is owed, and says so', () => {
    for (const view of [
      journalView({ head: running, queue: [aQueued(9, 'user.message')] }),
      journalView({ head: running, thread: { owed: true } }),
    ]) {
      const decision = run(view);
      expect(log(decision)).toEqual([]);
      expect(decision).toMatchObject({ outcome: { more: true } });
    }
  });

  it('seals every call on an interrupt, stamps the queue up to it, and leaves later messages for the next turn', () => {
    const view = journalView({
      head: running,
      queue: [aQueued(7, 'user.message'), aQueued(8, 'user.interrupt'), aQueued(9, 'user.message')],
      calls: [aCall('t1', { row: anOpenRow('tool/t1') }), aCall('t2', { kind: 'ask' })],
    });
    const decision = run(view, { reason: 'interrupt' });
    expect(log(decision)).toEqual([
      'agent.tool_result',
      'agent.tool_result',
      'stamp q7',
      'stamp q8',
      ...IDLE,
    ]);
    expect(decision).toMatchObject({ outcome: { more: true, calls: [], kill: ['t1'] } });
    expect(decision.writes?.thread.owed).toBe(false);
  });

  it('stamps a confirmation newer than the interrupt with the call that it answers', () => {
    const view = journalView({
      head: running,
      queue: [aQueued(8, 'user.interrupt'), aQueued(9, 'user.tool_confirmation', 't1')],
      calls: [aCall('t1', { kind: 'ask', answer: 'allow' })],
    });
    const decision = run(view, { reason: 'interrupt' });
    expect(log(decision)).toEqual(['agent.tool_result', 'stamp q8', 'stamp q9', ...IDLE]);
  });

  it('writes no second idle for an interrupt of a session that is idle already', () => {
    const view = journalView({
      head: { stop: { type: 'end_turn' }, lastArrival: 8 },
      queue: [aQueued(8, 'user.interrupt')],
    });
    expect(log(run(view, { reason: 'interrupt' }))).toEqual(['stamp q8']);
  });

  it('gives a message that an interrupt overtakes a turn of its own, since its sender waits for an idle', () => {
    const view = journalView({
      head: { stop: { type: 'end_turn' }, lastArrival: 8 },
      queue: [aQueued(7, 'user.message'), aQueued(8, 'user.interrupt')],
    });
    const decision = run(view, { reason: 'interrupt' });
    expect(log(decision)).toEqual([
      'session.status_running',
      'session.thread_status_running',
      'stamp q7',
      'stamp q8',
      ...IDLE,
    ]);
    expect(decision.writes?.thread.owed).toBe(false);
  });

  it('idles on the calls that wait, once', () => {
    const calls = [aCall('t1', { kind: 'ask' }), aCall('t2', { kind: 'custom' })];
    const first = run(journalView({ head: running, calls }), { reason: 'requires_action' });
    expect(log(first)).toEqual(IDLE);
    const stop = { type: 'requires_action' as const, event_ids: ['t2', 't1'] };
    const again = run(journalView({ head: { stop }, calls }), { reason: 'requires_action' });
    expect(log(again)).toEqual([]);
  });

  it('answers a denied call and idles for the remainder, but not while an allowed call is to run', () => {
    const denied = aCall('t1', { kind: 'ask', answer: 'deny' });
    const queue = [aQueued(5, 'user.tool_confirmation', 't1')];
    const stop = { type: 'requires_action' as const, event_ids: ['t1', 't2'] };
    const rest = run(journalView({ head: { stop }, queue, calls: [denied, aCall('t2', { kind: 'ask' })] }), {
      reason: 'requires_action',
    });
    expect(log(rest)).toEqual(['stamp q5', 'agent.tool_result', ...IDLE]);
    const allowed = aCall('t2', { kind: 'ask', answer: 'allow' });
    const more = run(journalView({ head: { stop }, queue, calls: [denied, allowed] }), {
      reason: 'requires_action',
    });
    expect(log(more)).toEqual([]);
    expect(more).toMatchObject({ outcome: { more: true } });
  });

  it('takes the number of a cancelled model step and closes its span', () => {
    const row = anOpenRow('sthr_test/4', { span: 'span1', fence: 9 });
    const decision = run(journalView({ head: running, row, queue: [aQueued(9, 'user.interrupt')] }), {
      reason: 'interrupt',
    });
    expect(log(decision)).toEqual(['span.model_request_end', 'stamp q9', ...IDLE]);
    expect(decision.writes?.thread.step).toBe(4);
  });

  it('tells clients of a step that failed for good, and owes nothing afterwards', () => {
    const view = journalView({ head: running, thread: { owed: true }, queue: [aQueued(9, 'user.message')] });
    const decision = run(view, { reason: 'exhausted', failure: 'it broke' });
    expect(log(decision)).toEqual(['session.error', 'stamp q9', ...IDLE]);
    expect(decision.writes?.head.stop).toEqual({ type: 'retries_exhausted' });
    expect(decision.writes?.thread.owed).toBe(false);
  });

  it('returns what stands, writes nothing when it is late, and says when workflow and store differ', () => {
    const outcome = { kind: 'final' as const, more: false };
    const stands = run(journalView({ row: anOpenRow('k', { outcome }) }), { step: 3 });
    expect(stands).toEqual({ kind: 'outcome', writes: null, outcome, standing: true });
    expect(run(journalView({ row: anOpenRow('k', { fence: 11 }) })).kind).toBe('stale');
    expect(run(journalView(), { step: 5 })).toMatchObject({ outcome: { kind: 'behind' }, writes: null });
  });
});
