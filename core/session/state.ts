import type { CallState } from '../journal/outcome.ts';
import type { SettleReason } from '../journal/settle.ts';

/** A tool use without a result. `busy`: its activity is under way. */
export interface WorkflowCall {
  id: string;
  state: CallState | 'busy';
  label: string;
}

/** An activity that was started and has not completed. */
export type OpenActivity =
  | { kind: 'callModel'; step: number }
  | { kind: 'settle'; step: number; reason: SettleReason }
  | { kind: 'runTool'; toolUseId: string }
  | { kind: 'openSession' }
  | { kind: 'kill'; toolUseId: string };

/**
 * All that a session's workflow knows: control state only. The conversation is in the journal. Plain JSON, carried whole across
 * continue-as-new.
 */
export interface SessionState {
  epoch: number;
  threadId: string;
  /** The last step number with an outcome. */
  step: number;
  calls: WorkflowCall[];
  /** Something is to be done: a signal came, or the last outcome asks for another step. */
  flag: boolean;
  /** An interrupt is to be settled. */
  interrupt: boolean;
  /** Tool uses whose activity failed for good; the next opening or settle closes them. */
  seals: string[];
  /** The arrival up to which the last settle looked: an interrupt signal at or below it is only a wake-up. */
  seen: number;
  /** Why the next settle ends the turn. */
  want: 'exhausted' | 'end' | null;
  /** What the next settle tells clients, when a step failed for good. */
  failure: string | null;
  /** Workflow and store do not match: read the state anew before anything else. */
  resync: boolean;
  open: OpenActivity[];
  /** Sealed tool uses that may still run in the sandbox: each is to be killed once. */
  kill: string[];
  /** The session was archived, deleted or goes on in a newer epoch: the run ends. */
  ended: boolean;
}

/** The state of a session that was just created (`resync` false), or of a run that takes over from the store (`resync` true). */
export function initialState(start: {
  epoch: number;
  threadId: string;
  resync: boolean;
  flag: boolean;
}): SessionState {
  return {
    epoch: start.epoch,
    threadId: start.threadId,
    step: 0,
    calls: [],
    flag: start.flag,
    interrupt: false,
    seals: [],
    seen: 0,
    want: null,
    failure: null,
    resync: start.resync,
    open: [],
    kill: [],
    ended: false,
  };
}
