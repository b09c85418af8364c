import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { HandsQueue } from '../activities/dependencies.ts';
import type { SignalledEvent } from '../providers/engine/session-engine.ts';
import type { SessionState } from '../core/session/state.ts';

/** Model calls and tool calls so far, their list price in billionths of a US dollar, and the last model call in one line. */
export interface Tally {
  models: number;
  tools: number;
  costNanoUsd: number;
  last: string;
}

/** What a session's workflow starts with, and carries from run to run. */
export interface SessionInput {
  sessionId: string;
  /** For people: the model that was asked last, in activity summaries. */
  model: string;
  state: SessionState;
  /** History events after which the run continues as new. */
  historyBudget: number;
  /** Signals after which the run continues as new; Temporal refuses the 10,000th of a run. */
  signalBudget: number;
  /** Task queue of the hands; null: the workflow's own. */
  handsTaskQueue: string | null;
  /** Of the host that has the session's sandbox, once that is known. */
  hands?: HandsQueue | null;
  /** What the session did so far, for operators. */
  tally: Tally;
}

/** Name of the workflow type: recorded in every history, so it never changes. */
export const SESSION_WORKFLOW = 'session';

/** Tells that events were accepted: a wake-up that also leaves their content in history. */
export const acceptedSignal = defineSignal<[SignalledEvent[]]>('accepted');

/** For operators: the control state. */
export const stateQuery = defineQuery<SessionState>('state');
