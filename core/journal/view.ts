import type { BetaManagedAgentsBudgetLimit } from '@anthropic-ai/sdk/resources/beta/sessions/sessions';
import type { Json, JsonObject } from '../json.ts';
import type { StepOutcome } from './outcome.ts';
import type { TraceContext, TurnTrace } from './turn-trace.ts';
import type { Turn } from './turn.ts';

/** Session statuses as the API names them. */
export type SessionStatus = 'idle' | 'running' | 'rescheduling' | 'terminated';

/** Why the last turn ended, as on `session.status_idle`. */
export type StopReason =
  | { type: 'end_turn' }
  | { type: 'requires_action'; event_ids: string[] }
  | { type: 'retries_exhausted' }
  | { type: 'budget_reached' }
  | { type: 'refusal' };

/** A session's budget, as the API shows it. */
export type Budget = BetaManagedAgentsBudgetLimit;

/** Running totals of a session's model use, tokens. */
export interface UsageTotals {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_5m_input_tokens: number;
  cache_creation_1h_input_tokens: number;
  /** At the catalogue's list prices, billionths of a US dollar. */
  list_cost_nano_usd: number;
}

/** The head row, locked by the transaction that holds this view. */
export interface HeadView {
  sessionId: string;
  workspaceId: string;
  /** Newest epoch; a transaction of a lower one is refused. */
  epoch: number;
  lastSeq: number;
  lastArrival: number;
  status: SessionStatus;
  /** Of the idle that the row shows; null before the first. */
  stop: StopReason | null;
  archived: boolean;
  usage: UsageTotals;
  /** A model without list prices has answered: the cost is not known. */
  unpriced: boolean;
  /** null: no cap. */
  budget: Budget | null;
  /** Milliseconds spent running before `runningSince`. */
  activeMs: number;
  /** Unix milliseconds; null while not running. */
  runningSince: number | null;
}

export interface ThreadView {
  id: string;
  agentName: string;
  /** The last number that has an outcome. */
  step: number;
  /** Whether something said since the last answer still wants one. */
  owed: boolean;
  turn: Turn;
  /** Of the turn under way, or of the last one. */
  trace: TurnTrace | null;
}

/** An accepted event that has not taken effect. */
export interface QueuedEvent {
  arrival: number;
  id: string;
  /** `user.message`, `system.message`, `user.interrupt`, `user.tool_confirmation`, or `internal.*` (never shown to clients). */
  type: string;
  /** For a confirmation: the tool use it answers. */
  ref: string | null;
  /** Of the request that brought it; absent where that was not traced. */
  trace?: TraceContext | null;
}

/** `run`: needs nobody. `ask`: needs a person's confirmation. `custom`: the client's own tool. */
export type CallKind = 'run' | 'ask' | 'custom';

/** A tool use without a result. */
export interface CallView {
  id: string;
  name: string;
  /** One line for people, such as `bash · npm test`. */
  label: string;
  kind: CallKind;
  /** The stored confirmation, queued or stamped. */
  answer: 'allow' | 'deny' | null;
  denyMessage: string | null;
  /** The call's `tool/<id>` row, if one exists. */
  row: StepRow | null;
}

/** A row of `steps`. `outcome` null means open: an attempt claims it. */
export interface StepRow {
  key: string;
  /** The claiming attempt's scheduled time; lower fences write nothing. */
  fence: number;
  /** The last `seq` the step may read. */
  through: number;
  /** The last arrival when the row was first opened. */
  arrived: number;
  /** The open `span.model_request_start`, if any. */
  span: string | null;
  /** Provider failures of this step so far. */
  failures: number;
  /** Unix milliseconds of the first of them. */
  firstFailureAt: number | null;
  outcome: StepOutcome | null;
}

/**
 * All that a transaction needs to know, read under the head row's lock. Its size depends on what is waiting, never on how long the
 * session already is.
 */
export interface JournalView {
  head: HeadView;
  thread: ThreadView;
  /** By arrival. */
  queue: QueuedEvent[];
  /** In the order the model asked. */
  calls: CallView[];
  /** The row that the attempt names, if it exists. */
  row: StepRow | null;
  /** The database's clock, Unix milliseconds, never before the last `processed_at`. */
  now: number;
}

/** Where new ids come from. Kept apart so that the rules stay pure. */
export interface IdSource {
  event(): string;
}

/** An event to be journaled: the wire event without `processed_at`, and what clients never see. */
export interface NewEvent {
  id: string;
  type: string;
  body: JsonObject;
  /** Opaque vendor data needed to continue the turn. */
  detail?: Json;
  /** The tool use it belongs to, for confirmations and results. */
  ref?: string;
  /** Of the request that brings it; absent where that is not traced. */
  trace?: TraceContext;
}
