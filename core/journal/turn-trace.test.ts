import { describe, expect, it } from 'vitest';
import { aQueued, countingIds, journalView } from '../../test/doubles/journal-view.ts';
import { accept, type AcceptEvent } from './accept.ts';
import { createJournalWriter } from './journal-writer.ts';
import { beginTurnTrace, endsTurnTrace, joinTurnTrace, type TurnTrace } from './turn-trace.ts';
import type { JournalView } from './view.ts';

const FIRST = { traceparent: '00-11111111111111111111111111111111-aaaaaaaaaaaaaaaa-01' };
const SECOND = { traceparent: '00-22222222222222222222222222222222-bbbbbbbbbbbbbbbb-01' };
const usage = journalView().head.usage;

function turnOf(parts: Partial<TurnTrace> = {}): TurnTrace {
  const trace = beginTurnTrace({ id: 'q1', trace: FIRST }, 1_000, usage);
  if (trace === null) throw new Error('no trace began');
  return { ...trace, ...parts };
}

const ended = (reason: string) => ({ end: { at: 2_000, reason, usage, stepKey: 'sthr_test/1' } });
const message = (arrival: number, trace: typeof FIRST | null) => ({
  ...aQueued(arrival, 'user.message'),
  trace,
});
const writerOf = (view: JournalView) => createJournalWriter(view, countingIds());

describe('the trace of a turn', () => {
  it('begins with the message that begins the turn, and those that come into it join', () => {
    const queue = [message(1, FIRST), message(2, SECOND), message(3, SECOND)];
    const writer = writerOf(journalView({ queue }));
    for (const event of queue) writer.stamp(event);
    expect(writer.trace).toEqual({ ...turnOf(), joined: [SECOND] });
  });

  it('is none where the message came without one, whatever was before', () => {
    const queue = [message(1, null)];
    const writer = writerOf(journalView({ queue, thread: { trace: turnOf(ended('end_turn')) } }));
    for (const event of queue) writer.stamp(event);
    expect(writer.trace).toBeNull();
  });

  it('ends with the idle, and remembers which step ended it', () => {
    const head = { status: 'running' as const };
    const writer = writerOf(journalView({ head, thread: { trace: turnOf() } }));
    writer.idle({ type: 'end_turn' });
    const { trace } = writer.finish('sthr_test/4').thread;
    expect(trace).toEqual({
      ...turnOf(),
      end: { at: 1_000, reason: 'end_turn', usage, stepKey: 'sthr_test/4' },
    });
    expect(endsTurnTrace(turnOf(), trace)).toBe(true);
    expect(endsTurnTrace(trace, trace)).toBe(false);
  });

  it('goes on in a stretch of its own after a wait for somebody, with a link to whoever answered', () => {
    const head = {
      status: 'idle' as const,
      stop: { type: 'requires_action' as const, event_ids: ['u1'] },
    };
    const view = journalView({
      head,
      thread: { trace: turnOf({ joined: [SECOND], ...ended('requires_action') }) },
      calls: [
        { id: 'u1', name: 'ask', label: 'ask', kind: 'custom', answer: null, denyMessage: null, row: null },
      ],
      now: 9_000,
    });
    const result: AcceptEvent = {
      id: 'r1',
      type: 'user.custom_tool_result',
      ref: 'u1',
      body: {},
      trace: SECOND,
    };
    const { writes } = accept(view, [result], 10, countingIds());
    expect(writes.thread.trace).toEqual({ ...turnOf(), stretch: 1, startedAt: 9_000, joined: [SECOND] });
  });

  it('of the next message is another one, also where the session never was idle in between', () => {
    const head = { status: 'running' as const };
    const queue = [message(2, SECOND)];
    const writer = writerOf(journalView({ head, queue, thread: { trace: turnOf() } }));
    writer.endTrace('end_turn');
    for (const event of queue) writer.stamp(event);
    expect(writer.trace).toMatchObject({ parent: SECOND, eventId: 'q2', stretch: 0, end: null });
  });

  it('has as many links as a span may have', () => {
    let trace = turnOf();
    for (let index = 0; index < 300; index++) {
      const span = index.toString(16).padStart(16, '0');
      trace = joinTurnTrace(trace, { trace: { traceparent: `00-${'3'.repeat(32)}-${span}-01` } });
    }
    expect(trace.joined).toHaveLength(127);
  });
});
