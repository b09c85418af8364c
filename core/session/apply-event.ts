import type { StepOutcome } from '../journal/outcome.ts';
import type { OpenActivity, SessionState, WorkflowCall } from './state.ts';

/** One accepted event, as a signal tells it. */
export interface SignalledInput {
  arrival: number;
  type: string;
  /** The tool use that a confirmation or a result names. */
  ref: string | null;
  /** Whether a confirmation allows the call; null for everything else. */
  allow: boolean | null;
}

/** What can happen to a session's workflow. */
export type SessionEvent =
  | { kind: 'signalled'; event: SignalledInput }
  | { kind: 'completed'; activity: OpenActivity; outcome: StepOutcome; standing: boolean }
  /** The activity failed for good. `ended`: the session is gone or superseded. */
  | { kind: 'failed'; activity: OpenActivity; ended: boolean; message: string }
  /** Open model and tool activities were cancelled for an interrupt; what they still report is ignored. */
  | { kind: 'cancelled' };

/** Applies what happened. Pure; {@link nextStep} then says what to start. */
export function applyEvent(state: SessionState, event: SessionEvent): SessionState {
  switch (event.kind) {
    case 'signalled':
      return applySignal(state, event.event);
    case 'completed':
      return applyOutcome(close(state, event.activity), event.activity, event.outcome, event.standing);
    case 'failed':
      return applyFailure(close(state, event.activity), event);
    case 'cancelled':
      return {
        ...state,
        open: state.open.filter((activity) => activity.kind !== 'callModel' && activity.kind !== 'runTool'),
        calls: state.calls.map((call) => (call.state === 'busy' ? { ...call, state: 'run' } : call)),
      };
  }
}

function applySignal(state: SessionState, event: SignalledInput): SessionState {
  const next: SessionState = { ...state, flag: true };
  if (event.type === 'user.interrupt' && event.arrival > state.seen) next.interrupt = true;
  if (event.type === 'user.tool_confirmation') {
    next.calls = state.calls.map((call): WorkflowCall => {
      if (call.id !== event.ref || call.state !== 'ask') return call;
      return { ...call, state: event.allow === true ? 'run' : 'denied' };
    });
  }
  if (event.type === 'user.custom_tool_result') {
    next.calls = state.calls.filter((call) => call.id !== event.ref);
  }
  return next;
}

function applyOutcome(
  before: SessionState,
  activity: OpenActivity,
  outcome: StepOutcome,
  stood: boolean,
): SessionState {
  const state: SessionState = { ...before, flag: before.flag || stood };
  const step = activity.kind === 'callModel' || activity.kind === 'settle' ? activity.step : state.step;
  if (activity.kind === 'settle' && activity.reason === 'interrupt' && outcome.kind !== 'settled') {
    state.interrupt = true;
  }
  switch (outcome.kind) {
    case 'final':
      return { ...state, step, flag: state.flag || outcome.more };
    case 'tools':
      return { ...state, step, flag: true, calls: outcome.calls };
    case 'compacted':
      return { ...state, step, flag: true };
    case 'interrupted': {
      const calls = state.calls.map((call): WorkflowCall =>
        activity.kind === 'runTool' && call.id === activity.toolUseId ? { ...call, state: 'run' } : call,
      );
      return { ...state, interrupt: true, calls, step: outcome.consumed ? step : state.step };
    }
    case 'nothing':
      return outcome.settle ? { ...state, want: 'end' } : state;
    case 'exhausted':
      return { ...state, step, want: 'exhausted' };
    case 'result':
    case 'abandoned':
      return { ...state, flag: true, calls: state.calls.filter((call) => call.id !== outcome.toolUseId) };
    case 'settled':
      return {
        ...state,
        step,
        calls: outcome.calls,
        seen: outcome.arrived,
        flag: state.flag || outcome.more,
        kill: [...state.kill, ...outcome.kill],
      };
    case 'opened':
      return {
        ...state,
        step: outcome.step,
        flag: state.flag || outcome.busy,
        calls: outcome.calls,
        seen: outcome.arrived,
        seals: [],
        want: null,
        resync: false,
      };
    case 'behind':
      return { ...state, resync: true };
  }
}

function applyFailure(state: SessionState, event: Extract<SessionEvent, { kind: 'failed' }>): SessionState {
  if (event.ended) return { ...state, ended: true };
  switch (event.activity.kind) {
    case 'runTool': {
      const { toolUseId } = event.activity;
      return {
        ...state,
        flag: true,
        seals: [...state.seals, toolUseId],
        calls: state.calls.filter((call) => call.id !== toolUseId),
      };
    }
    case 'callModel':
      return { ...state, want: 'exhausted', failure: event.message };
    case 'kill':
      return state;
    case 'settle':
    case 'openSession':
      throw new Error(`${event.activity.kind} failed for good: ${event.message}`);
  }
}

function close(state: SessionState, activity: OpenActivity): SessionState {
  return { ...state, open: state.open.filter((candidate) => !sameActivity(candidate, activity)) };
}

function sameActivity(left: OpenActivity, right: OpenActivity): boolean {
  if (left.kind !== right.kind) return false;
  const leftId = 'toolUseId' in left ? left.toolUseId : '';
  const rightId = 'toolUseId' in right ? right.toolUseId : '';
  return leftId === rightId;
}
