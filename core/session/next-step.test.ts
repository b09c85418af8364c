import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEvent, type SessionEvent } from './apply-event.ts';
import { atStepBoundary, nextStep, PARALLEL_TOOLS, type Command } from './next-step.ts';
import { initialState, type SessionState } from './state.ts';

const fresh = () => initialState({ epoch: 1, threadId: 't', resync: false, flag: false });

function signal(
  type: string,
  arrival = 1,
  ref: string | null = null,
  allow: boolean | null = null,
): SessionEvent {
  return { kind: 'signalled', event: { arrival, type, ref, allow } };
}

/** Applies events one after another, as a workflow does, and collects what it starts. */
function play(state: SessionState, ...events: SessionEvent[]): { state: SessionState; commands: Command[] } {
  const commands: Command[] = [];
  let current = state;
  for (const event of events) {
    const next = nextStep(applyEvent(current, event));
    current = next.state;
    commands.push(...next.commands);
  }
  return { state: current, commands };
}

function tools(count: number): SessionEvent {
  const calls = Array.from({ length: count }, (_, index) => ({
    id: `t${index}`,
    state: 'run' as const,
    label: 'bash',
  }));
  return {
    kind: 'completed',
    activity: { kind: 'callModel', step: 1 },
    outcome: { kind: 'tools', calls },
    standing: false,
  };
}

function done(toolUseId: string): SessionEvent {
  return {
    kind: 'completed',
    activity: { kind: 'runTool', toolUseId },
    outcome: { kind: 'result', toolUseId, isError: false },
    standing: false,
  };
}

describe('what a session does next', () => {
  it('waits until something is said, then calls the model once, however often it is told', () => {
    expect(nextStep(fresh()).commands).toEqual([]);
    const { commands } = play(
      fresh(),
      signal('user.message'),
      signal('user.message'),
      signal('user.message', 2),
    );
    expect(commands).toEqual([{ kind: 'callModel', step: 1, seals: [] }]);
  });

  it('runs tools side by side, in waves, and calls the model when the last one is done', () => {
    const started = play(fresh(), signal('user.message'), tools(PARALLEL_TOOLS + 1));
    const first = started.commands.filter((command) => command.kind === 'runTool');
    expect(first).toHaveLength(PARALLEL_TOOLS);
    const second = play(started.state, done('t0'));
    expect(second.commands).toMatchObject([{ kind: 'runTool', toolUseId: `t${PARALLEL_TOOLS}` }]);
    const rest = first.slice(1).map((_, index) => done(`t${index + 1}`));
    expect(play(second.state, ...rest).commands).toEqual([]);
    const last = play(second.state, ...rest, done(`t${PARALLEL_TOOLS}`));
    expect(last.commands).toEqual([{ kind: 'callModel', step: 2, seals: [] }]);
  });

  it('lets open activities notice an interrupt before it settles', () => {
    const called = play(fresh(), signal('user.message'), signal('user.interrupt', 2));
    expect(called.commands).toHaveLength(1);
    const settled = play(called.state, { kind: 'cancelled' });
    expect(settled.commands).toMatchObject([{ kind: 'settle', step: 1, reason: 'interrupt' }]);
  });

  it('takes an interrupt signal that the last settle has seen for a wake-up only', () => {
    const state = { ...fresh(), seen: 5 };
    const { commands } = play(state, signal('user.interrupt', 5));
    expect(commands).toMatchObject([{ kind: 'callModel' }]);
  });

  it('closes a tool use whose activity failed for good in the next opening', () => {
    const { commands } = play(fresh(), signal('user.message'), tools(1), {
      kind: 'failed',
      activity: { kind: 'runTool', toolUseId: 't0' },
      ended: false,
      message: 'broken',
    });
    expect(commands.at(-1)).toEqual({ kind: 'callModel', step: 2, seals: ['t0'] });
  });

  it('reads the session from the store where workflow and store do not match, and does nothing else meanwhile', () => {
    const behind: SessionEvent = {
      kind: 'completed',
      activity: { kind: 'callModel', step: 1 },
      outcome: { kind: 'behind' },
      standing: false,
    };
    const { state, commands } = play(fresh(), signal('user.message'), behind, signal('user.message', 2));
    expect(commands.map((command) => command.kind)).toEqual(['callModel', 'openSession']);
    expect(atStepBoundary(state)).toBe(false);
  });

  it('ends where the session is gone', () => {
    const gone: SessionEvent = {
      kind: 'failed',
      activity: { kind: 'callModel', step: 1 },
      ended: true,
      message: 'gone',
    };
    const { state, commands } = play(fresh(), signal('user.message'), gone, signal('user.message', 2));
    expect(state.ended).toBe(true);
    expect(commands).toHaveLength(1);
  });

  it('never has two model calls, settles or openings under way, nor a tool beside one, nor one activity twice', () => {
    const anEvent: fc.Arbitrary<(state: SessionState) => SessionEvent | null> = fc.oneof(
      fc
        .tuple(
          fc.constantFrom(
            'user.message',
            'user.interrupt',
            'user.tool_confirmation',
            'user.custom_tool_result',
          ),
          fc.nat(9),
          fc.constantFrom('t0', 't1', 't2'),
          fc.boolean(),
        )
        .map(
          ([type, arrival, ref, allow]) =>
            () =>
              signal(type, arrival, ref, allow),
        ),
      fc.constant((state: SessionState): SessionEvent | null =>
        state.interrupt ? { kind: 'cancelled' } : null,
      ),
      fc.tuple(fc.nat(9), fc.nat(9)).map(
        ([which, what]) =>
          (state: SessionState) =>
            finish(state, which, what),
      ),
    );
    fc.assert(
      fc.property(fc.array(anEvent, { maxLength: 60 }), (events) => {
        let state = fresh();
        for (const make of events) {
          const event = make(state);
          if (event === null) continue;
          state = nextStep(applyEvent(state, event)).state;
          const keys = state.open.map((activity) => JSON.stringify(activity));
          expect(new Set(keys).size).toBe(keys.length);
          const single = state.open.filter((activity) => !['runTool', 'kill'].includes(activity.kind));
          expect(single.length).toBeLessThanOrEqual(1);
          if (single.length === 1) expect(state.open.some(({ kind }) => kind === 'runTool')).toBe(false);
          expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        }
      }),
    );
  });
});

/** Completes one of the open activities in one of the ways in which it can. */
function finish(state: SessionState, which: number, what: number): SessionEvent | null {
  const activity = state.open[which % Math.max(1, state.open.length)];
  if (!activity) return null;
  const complete = (outcome: Extract<SessionEvent, { kind: 'completed' }>['outcome']): SessionEvent => ({
    kind: 'completed',
    activity,
    outcome,
    standing: what === 9,
  });
  const states = ['run', 'ask', 'custom', 'denied'] as const;
  const calls = ['t0', 't1', 't2'].slice(0, 1 + (what % 3)).map((id, index) => ({
    id,
    label: '',
    state: states[(what + index) % 4] ?? 'run',
  }));
  switch (activity.kind) {
    case 'callModel':
      return [
        complete({ kind: 'tools', calls }),
        complete({ kind: 'final', more: what > 5 }),
        complete({ kind: 'interrupted', consumed: what > 5, arrival: what }),
        complete({ kind: 'nothing', settle: what > 5 }),
        complete({ kind: 'exhausted' }),
        complete({ kind: 'behind' }),
      ][what % 6] as SessionEvent;
    case 'settle':
      if (what % 4 === 0) return complete({ kind: 'behind' });
      return complete({
        kind: 'settled',
        more: what > 5,
        calls: what > 3 ? calls : [],
        arrived: what,
        kill: [],
      });
    case 'runTool':
      if (what % 4 === 0) return complete({ kind: 'interrupted', consumed: false, arrival: what });
      if (what % 4 === 1) return { kind: 'failed', activity, ended: false, message: 'broken' };
      return done(activity.toolUseId);
    case 'openSession':
      return complete({ kind: 'opened', step: state.step, busy: what > 5, calls, arrived: what });
    case 'kill':
      return { kind: 'failed', activity, ended: false, message: '' };
  }
}
