import { describe, expect, it } from 'vitest';
import { aCall, anOpenRow, aQueued, countingIds, journalView } from '../../test/doubles/journal-view.ts';
import type { Decision } from './decision.ts';
import { openStep } from './open-step.ts';
import { FRESH_TURN, NO_LIMITS } from './turn.ts';
import type { Budget } from './view.ts';

const attempt = { sessionId: 'sesn_test', epoch: 1, threadId: 'sthr_test', step: 4, seals: [], fence: 10 };
const budget: Budget = { type: 'limit', max_list_cost: { amount: '2', currency: 'USD' } };
const used = (nano: number) => ({ ...journalView().head.usage, list_cost_nano_usd: nano });
const running = { status: 'running' as const, lastSeq: 7, lastArrival: 9, budget };
const owing = { step: 3, owed: true };

function log(decision: Decision): unknown[] {
  const entries = decision.writes?.entries ?? [];
  return entries.map((entry) => (entry.kind === 'append' ? entry.event.type : `${entry.kind} ${entry.id}`));
}
const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];

describe('an opening at the budget', () => {
  it('asks the model below the cap, and brings the session to rest at it', () => {
    const open = (nano: number) =>
      openStep(
        journalView({ head: { ...running, usage: used(nano) }, thread: owing }),
        attempt,
        NO_LIMITS,
        countingIds(),
      );
    expect(open(19_999_999)).toMatchObject({ kind: 'opened' });
    const paused = open(20_000_000);
    expect(log(paused)).toEqual(IDLE);
    expect(paused).toMatchObject({
      outcome: { kind: 'settled', more: false, calls: [], arrived: 9 },
      writes: { head: { status: 'idle', stop: { type: 'budget_reached' } }, thread: { step: 4, owed: true } },
    });
  });

  it('tells clients what was used and what the budget is', () => {
    const view = journalView({ head: { ...running, usage: used(20_000_001) }, thread: owing });
    const decision = openStep(view, attempt, NO_LIMITS, countingIds());
    const usage = decision.writes?.entries.find(
      (entry) => entry.kind === 'append' && entry.event.type === 'session.usage',
    );
    expect(usage).toMatchObject({
      event: { body: { budget, usage: { list_cost: { amount: '3', currency: 'USD' } } } },
    });
  });

  it('stops where the cost is not known, and tells none', () => {
    const view = journalView({ head: { ...running, unpriced: true }, thread: owing });
    const decision = openStep(view, attempt, NO_LIMITS, countingIds());
    expect(log(decision)).toEqual(IDLE);
    expect(JSON.stringify(decision.writes)).not.toContain('"list_cost":');
  });

  it('takes up denials and failed tools first, and ends those that may still run', () => {
    const calls = [aCall('t1', { row: anOpenRow('tool/t1') }), aCall('t2', { kind: 'ask', answer: 'deny' })];
    const queue = [aQueued(9, 'user.tool_confirmation', 't2')];
    const view = journalView({ head: { ...running, usage: used(20_000_000) }, thread: owing, calls, queue });
    const decision = openStep(view, { ...attempt, seals: ['t1'] }, NO_LIMITS, countingIds());
    expect(log(decision)).toEqual(['stamp q9', 'agent.tool_result', 'agent.tool_result', ...IDLE]);
    expect(decision).toMatchObject({ outcome: { kind: 'settled', calls: [], kill: ['t1'] } });
  });

  it('says nothing a second time, and takes up a row of the service', () => {
    const paused = { ...running, status: 'idle' as const, stop: { type: 'budget_reached' as const } };
    const head = { ...paused, usage: used(20_000_000) };
    const again = openStep(journalView({ head, thread: owing }), attempt, NO_LIMITS, countingIds());
    expect(again).toMatchObject({ outcome: { kind: 'nothing', settle: false }, writes: null });
    const queue = [aQueued(9, 'internal.budget')];
    const woken = openStep(journalView({ head, thread: owing, queue }), attempt, NO_LIMITS, countingIds());
    expect(log(woken)).toEqual(['absorb q9']);
  });

  it('goes on with a request that was begun before', () => {
    const row = anOpenRow('sthr_test/4');
    const view = journalView({ head: { ...running, usage: used(20_000_000) }, thread: owing, row });
    expect(openStep(view, attempt, NO_LIMITS, countingIds())).toMatchObject({
      kind: 'opened',
      resumed: true,
    });
  });
});

describe('an opening at a limit of the turn', () => {
  const turn = { ...FRESH_TURN, rounds: 5 };

  it('ends the turn with a typed error', () => {
    const view = journalView({ head: running, thread: { ...owing, turn } });
    const decision = openStep(view, attempt, { ...NO_LIMITS, rounds: 5 }, countingIds());
    expect(log(decision)).toEqual(['session.error', ...IDLE]);
    expect(decision.writes?.entries[0]).toMatchObject({
      event: {
        body: { error: { type: 'tool_use_limit_reached_error', retry_status: { type: 'exhausted' } } },
      },
    });
    expect(decision.writes).toMatchObject({
      head: { stop: { type: 'retries_exhausted' } },
      thread: { owed: false, turn: FRESH_TURN },
    });
  });

  it('goes on when a message waits', () => {
    const queue = [aQueued(9, 'user.message')];
    const view = journalView({ head: running, thread: { ...owing, turn }, queue });
    const decision = openStep(view, attempt, { ...NO_LIMITS, rounds: 5 }, countingIds());
    expect(decision).toMatchObject({ kind: 'opened' });
  });
});
