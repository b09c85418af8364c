import type { SettleReason } from '../journal/settle.ts';
import type { OpenActivity, SessionState } from './state.ts';

/** How many tool calls of a session run at once; the rest follow in waves. */
export const PARALLEL_TOOLS = 64;

/** An activity to start now. */
export type Command =
  | { kind: 'callModel'; step: number; seals: string[] }
  | {
      kind: 'settle';
      step: number;
      reason: SettleReason;
      seals: string[];
      failure: string | null;
      /** Tool uses whose activities were cancelled before they reported. */
      cancelled: string[];
    }
  | { kind: 'runTool'; toolUseId: string; label: string }
  | { kind: 'openSession' }
  | { kind: 'kill'; toolUseId: string };

/**
 * Decides what a session does next. Returns the commands to start and the state in which they are under way; no commands means: wait
 * for the next event. At most one of model call, settle and opening is under way, and no tool starts beside one.
 */
export function nextStep(state: SessionState): Next {
  const next = decide(state);
  if (next.state.kill.length === 0) return next;
  const kills = next.state.kill.map((toolUseId): Command => ({ kind: 'kill', toolUseId }));
  const started = start({ ...next.state, kill: [] }, kills);
  return { state: started.state, commands: [...next.commands, ...kills] };
}

interface Next {
  state: SessionState;
  commands: Command[];
}

function decide(state: SessionState): Next {
  const idle = { state, commands: [] };
  if (state.ended) return idle;
  const open = state.open.filter((activity) => activity.kind !== 'kill');

  if (state.resync) {
    if (open.length > 0) return idle;
    return start(state, [{ kind: 'openSession' }]);
  }
  if (state.interrupt) {
    if (open.length > 0) return idle;
    const reason = state.want ?? 'interrupt';
    return settle({ ...state, interrupt: false, flag: false }, reason);
  }
  if (open.some((activity) => activity.kind !== 'runTool')) return idle;

  const ready = state.calls.filter((call) => call.state === 'run').slice(0, PARALLEL_TOOLS - open.length);
  if (ready.length > 0) {
    const started = new Set(ready.map((call) => call.id));
    const calls = state.calls.map((call) =>
      started.has(call.id) ? { ...call, state: 'busy' as const } : call,
    );
    return start(
      { ...state, calls },
      ready.map((call) => ({ kind: 'runTool', toolUseId: call.id, label: call.label })),
    );
  }
  if (open.length > 0) return idle;

  const waits = state.calls.some((call) => call.state === 'ask' || call.state === 'custom');
  if (state.want !== null || (waits && state.flag)) {
    return settle({ ...state, flag: false }, state.want ?? 'requires_action');
  }
  if (state.flag) {
    const step = state.step + 1;
    return start({ ...state, flag: false, seals: [] }, [{ kind: 'callModel', step, seals: state.seals }]);
  }
  return idle;
}

function settle(state: SessionState, reason: SettleReason): Next {
  const { seals, failure } = state;
  const cancelled = state.calls.filter((call) => call.state === 'run').map((call) => call.id);
  return start({ ...state, seals: [], want: null, failure: null }, [
    { kind: 'settle', step: state.step + 1, reason, seals, failure, cancelled },
  ]);
}

function start(state: SessionState, commands: Command[]): Next {
  return { state: { ...state, open: [...state.open, ...commands.map(toOpen)] }, commands };
}

function toOpen(command: Command): OpenActivity {
  switch (command.kind) {
    case 'callModel':
      return { kind: 'callModel', step: command.step };
    case 'settle':
      return { kind: 'settle', step: command.step, reason: command.reason };
    case 'runTool':
      return { kind: 'runTool', toolUseId: command.toolUseId };
    case 'openSession':
      return { kind: 'openSession' };
    case 'kill':
      return { kind: 'kill', toolUseId: command.toolUseId };
  }
}

/**
 * Whether the run may continue as new: no activity is under way, so nothing can be lost. Asked between {@link applyEvent} and
 * {@link nextStep}, so that a turn of any length is cut.
 */
export function atStepBoundary(state: SessionState): boolean {
  return state.open.length === 0 && state.kill.length === 0;
}

/** The state that the next run takes over: an interrupt that is due is found again by the next opening. */
export function carriedState(state: SessionState): SessionState {
  return { ...state, interrupt: false, flag: state.flag || state.interrupt };
}
