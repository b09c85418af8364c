/** `run`: to be run now. `ask`, `custom`: waits for a person or the client. `denied`: its refusal is queued. */
export type CallState = 'run' | 'ask' | 'custom' | 'denied';

/** A tool use without a result, as the workflow knows it. `label` is one line for people, such as `bash · npm test`. */
export interface CallRef {
  id: string;
  state: CallState;
  label: string;
}

/** What a model step used, for operators: one line of text, and its list price in billionths of a US dollar. */
export interface Spent {
  label: string;
  listCostNanoUsd: number;
  /** The model that answered; absent in histories of before it was told. */
  model?: string;
}

/**
 * What a step came to. Stored in its row, returned by the activity, applied by the workflow: the workflow applies the outcome it
 * gets back, never the one it proposed.
 */
export type StepOutcome =
  /** The model stopped. `more`: something is queued, so the turn goes on. */
  | { kind: 'final'; more: boolean; spent?: Spent }
  /** The model asked for tools, or is to go on with an answer that fell short. Calls already refused by policy are not in `calls`. */
  | { kind: 'tools'; calls: CallRef[]; spent?: Spent }
  /** The older part of the conversation became a summary; the next step says what this one was to say. */
  | { kind: 'compacted'; spent?: Spent }
  /** An interrupt is queued. `consumed`: the step's number is used up. */
  | { kind: 'interrupted'; consumed: boolean; arrival: number }
  /** The provider could not be had; `settle` ends the turn with `retries_exhausted`. */
  | { kind: 'exhausted' }
  /** `more`: something is left that can take effect now. `arrived`: the last arrival it looked at. `kill`: opened calls it sealed. */
  | { kind: 'settled'; more: boolean; calls: CallRef[]; arrived: number; kill: string[] }
  /** Nothing to answer. `settle`: the row is running or something is still queued, so a settle has to tidy up. */
  | { kind: 'nothing'; settle: boolean }
  /** Workflow and store do not match; the workflow starts over from the store. */
  | { kind: 'behind' }
  /** The tool use has its result. */
  | { kind: 'result'; toolUseId: string; isError: boolean }
  /** The tool use was sealed by somebody else before it could commit. */
  | { kind: 'abandoned'; toolUseId: string }
  /** State from the store, after a loss or a reset. */
  | { kind: 'opened'; step: number; busy: boolean; calls: CallRef[]; arrived: number };
