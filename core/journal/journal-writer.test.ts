import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aCall, anOpenRow, aQueued, countingIds, journalView } from '../../test/doubles/journal-view.ts';
import { commitTool } from './commit-tool.ts';
import { createJournalWriter } from './journal-writer.ts';

const USAGE = fc.record({
  input_tokens: fc.nat(),
  output_tokens: fc.nat(),
  cache_read_input_tokens: fc.nat(),
  cache_creation_5m_input_tokens: fc.nat(),
  cache_creation_1h_input_tokens: fc.nat(),
  list_cost_nano_usd: fc.nat(),
});

function types(writer: ReturnType<typeof createJournalWriter>): string[] {
  const { entries } = writer.finish(null);
  return entries.map((entry) => (entry.kind === 'append' ? entry.event.type : entry.kind));
}

describe('the journal writer', () => {
  it('journals the running pair once', () => {
    const writer = createJournalWriter(journalView(), countingIds());
    writer.running();
    writer.running();
    expect(types(writer)).toEqual(['session.status_running', 'session.thread_status_running']);
  });

  it('counts the time from the running pair to the idle', () => {
    const head = { status: 'running' as const, runningSince: 400, activeMs: 50 };
    const writer = createJournalWriter(journalView({ head, now: 1_000 }), countingIds());
    writer.idle({ type: 'end_turn' });
    expect(writer.finish(null).head).toMatchObject({ activeMs: 650, runningSince: null, status: 'idle' });
  });

  it('keeps the session running through a rescheduling, and journals a pair when it goes on', () => {
    const writer = createJournalWriter(journalView({ head: { status: 'running' } }), countingIds());
    writer.rescheduled();
    writer.running();
    expect(types(writer)).toEqual([
      'session.status_rescheduled',
      'session.thread_status_rescheduled',
      'session.status_running',
      'session.thread_status_running',
    ]);
  });

  it('refuses a second idle for one turn, and a second result for one tool use', () => {
    const idle = createJournalWriter(journalView({ head: { stop: { type: 'end_turn' } } }), countingIds());
    expect(() => idle.idle({ type: 'retries_exhausted' })).toThrow(/second idle/);
    const writer = createJournalWriter(journalView({ calls: [aCall('t1')] }), countingIds());
    const event = { id: 'r1', type: 'agent.tool_result', body: {} };
    writer.result('t1', event);
    expect(() => writer.result('t1', event)).toThrow(/second result/);
  });

  it('adds usage up, in every field', () => {
    fc.assert(
      fc.property(fc.array(USAGE, { maxLength: 10 }), (steps) => {
        const writer = createJournalWriter(journalView(), countingIds());
        for (const usage of steps) writer.addUsage(usage, true);
        const total = writer.finish(null).head.usage;
        for (const field of Object.keys(total) as (keyof typeof total)[]) {
          expect(total[field]).toBe(steps.reduce((sum, usage) => sum + usage[field], 0));
        }
      }),
    );
  });

  it('absorbs internal rows without a place in the log', () => {
    const queue = [aQueued(1, 'internal.close'), aQueued(2, 'user.message')];
    const writer = createJournalWriter(journalView({ head: { lastSeq: 10 }, queue }), countingIds());
    for (const event of queue) writer.stamp(event);
    expect(writer.finish('key').entries).toEqual([
      { kind: 'absorb', arrival: 1, id: 'q1' },
      { kind: 'stamp', arrival: 2, id: 'q2', type: 'user.message' },
    ]);
    expect(writer.lastSeq).toBe(11);
    expect(writer.owed).toBe(true);
  });

  it('tells the model whether a sealed call may have had effects', () => {
    const calls = [aCall('t1', { row: anOpenRow('tool/t1') }), aCall('t2')];
    const writer = createJournalWriter(journalView({ calls }), countingIds());
    writer.seal(calls, 'as-is');
    const texts = writer
      .finish(null)
      .entries.map((entry) => (entry.kind === 'append' ? JSON.stringify(entry.event.body) : ''));
    expect(texts[0]).toContain('whether it had effects is unknown');
    expect(texts[1]).toContain('interrupted before completion');
  });
});

describe('committing a tool result', () => {
  const attempt = { sessionId: 's', epoch: 1, threadId: 't', toolUseId: 't1', fence: 5 };
  const result = { event: { id: 'r1', type: 'agent.tool_result', body: {} }, isError: false };

  it('keeps the seal of a sealed call and drops the late result', () => {
    const outcome = { kind: 'abandoned' as const, toolUseId: 't1' };
    const view = journalView({ row: anOpenRow('tool/t1', { outcome }) });
    const decision = commitTool(view, attempt, result, countingIds());
    expect(decision).toEqual({ kind: 'outcome', writes: null, outcome, standing: true });
  });

  it('writes nothing for an attempt that a later one has replaced', () => {
    const view = journalView({ calls: [aCall('t1')], row: anOpenRow('tool/t1', { fence: 6 }) });
    expect(commitTool(view, attempt, result, countingIds()).kind).toBe('stale');
  });

  it('tells clients of the troubles that the call met, before its result', () => {
    const view = journalView({ calls: [aCall('t1')], row: anOpenRow('tool/t1', { fence: 5 }) });
    const error = {
      type: 'repository_not_found_error' as const,
      message: 'There is no such repository.',
      repository_url: 'https://github.com/a/b',
      retry_status: { type: 'retrying' as const },
    };
    const { writes } = commitTool(view, attempt, { ...result, errors: [error] }, countingIds());
    const events = writes?.entries.map((entry) => (entry.kind === 'append' ? entry.event : null));
    expect(events?.slice(-2)).toMatchObject([{ type: 'session.error', body: { error } }, { id: 'r1' }]);
  });
});
