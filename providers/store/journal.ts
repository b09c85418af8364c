import type { SessionAgent } from '../../core/agent/agent-types.ts';
import type { AcceptView } from '../../core/journal/accept.ts';
import type { TraceContext } from '../../core/journal/turn-trace.ts';
import type { Budget, SessionStatus, StopReason, UsageTotals } from '../../core/journal/view.ts';
import type { JournalWrites } from '../../core/journal/writes.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { SkillPin } from '../../core/skills/skill-pin.ts';
import type { NewRepository, NewResource } from './sessions.ts';

/** An event as it stands in the journal. */
export interface JournalEvent {
  id: string;
  /** null: accepted, but it has not taken effect. */
  seq: number | null;
  /** Set for accepted events only. */
  arrival: number | null;
  threadId: string;
  type: string;
  /** The wire event without `processed_at`. */
  body: JsonObject;
  /** Opaque vendor data; never shown to clients. */
  detail: Json | null;
  stepKey: string | null;
  /** Unix milliseconds; null while it waits. */
  processedAt: number | null;
}

/** Who holds the steps that a transaction opens: the worker's name and the attempt's Temporal task token. */
export interface Claim {
  worker: string;
  taskToken: Uint8Array;
}

export interface TransactionRequest {
  sessionId: string;
  /** Refuse sessions of other workspaces with `not_found`. */
  workspaceId?: string;
  /** Refuse when the session has moved to a higher epoch (`session_superseded`). Absent for what the api does. */
  epoch?: number;
  /** The `steps` row to load into `view.row`. */
  rowKey?: string;
  /** Tool uses to load into `view.named`. */
  named?: readonly string[];
  /** Load `view.details`. */
  details?: true;
  /** Written into the step rows that the transaction opens. */
  claim?: Claim;
  /** For an activity, archived means `session_gone`; a client gets `invalid_request`. */
  caller: 'activity' | 'client';
}

/** What a transaction gave: the decision's result and the events that it journaled or stamped, in `seq` order. */
export interface Transacted<T> {
  result: T;
  lastSeq: number;
}

/** A session's changing part, as `GET` shows it. `busy` is rule 7 of the design: a busy idle session is shown as running. */
export interface SessionHead {
  sessionId: string;
  workspaceId: string;
  threadId: string;
  status: SessionStatus;
  stop: StopReason | null;
  busy: boolean;
  lastSeq: number;
  usage: UsageTotals;
  activeMs: number;
  /** Unix milliseconds. */
  archivedAt: number | null;
  processedAt: number;
}

/** What a session runs with: its own copy of the agent, and its environment. */
export interface SessionSetup {
  workspaceId: string;
  agent: SessionAgent;
  environmentId: string;
  /** Of the request that created it; null where that was not traced. */
  trace: TraceContext | null;
}

export interface NewSession {
  id: string;
  workspaceId: string;
  threadId: string;
  agent: JsonObject;
  agentId: string;
  agentVersion: number;
  agentName: string;
  environmentId: string;
  title: string | null;
  metadata: JsonObject;
  vaultIds: string[];
  budget: Budget | null;
  /** Files to place into its sandbox. Unknown ones are `not_found`, and nothing is created. */
  /** Files and repositories in the order in which clients see them. */
  resources?: readonly (NewResource | NewRepository)[];
  /** What it keeps of its agent's skills, for life. */
  skills?: readonly SkillPin[];
  /** Of the request that creates it; absent where that is not traced. */
  trace?: TraceContext;
}

/**
 * The journal: the truth of every session. Rules are pure functions in `core/journal`; this port runs them under the head row's lock
 * and applies what they decide in one transaction. Serialization failures and lost connections surface as `unavailable`: callers that
 * are activities are retried, api requests answer 503, and nothing is done.
 */
export interface Journal {
  /**
   * Locks the session's head row, loads the view, asks `decide`, applies its writes and commits. `decide` must be pure: it runs once,
   * inside the transaction. Throws `not_found` (unknown, deleted or another workspace's), `session_gone`, `session_superseded`, what
   * `decide` throws (then nothing is written), `unstorable`, `unavailable`.
   */
  transact<T>(
    request: TransactionRequest,
    decide: (view: AcceptView) => { writes: JournalWrites | null; result: T },
  ): Promise<Transacted<T>>;

  /**
   * Creates a session with its head row and primary thread; `decide` sees the fresh view, so that initial events are accepted in the
   * same transaction.
   */
  createSession<T>(
    session: NewSession,
    decide: (view: AcceptView) => { writes: JournalWrites | null; result: T },
  ): Promise<Transacted<T>>;

  head(sessionId: string): Promise<SessionHead | null>;
  /** What the session was created with. Throws `session_gone` when it was deleted. */
  setup(sessionId: string): Promise<SessionSetup>;

  /**
   * Events with a `seq` above `after`, ascending, at most `limit`, and fewer, but at least one, where their bodies are large. What a stream
   * reads.
   */
  eventsAfter(sessionId: string, after: number, limit: number): Promise<JournalEvent[]>;
  /** Events of a thread with `after < seq <= through`, ascending: what a model step may read. */
  eventsThrough(sessionId: string, threadId: string, after: number, through: number): Promise<JournalEvent[]>;
  /**
   * The newest compaction of a thread with `seq <= through`: the `seq` of the first event that it kept. What was before that, its
   * summary stands for.
   */
  lastCompaction(sessionId: string, threadId: string, through: number): Promise<{ keptFrom: number } | null>;
  /** Everything that one step key holds, ascending. */
  eventsOfStep(sessionId: string, stepKey: string): Promise<JournalEvent[]>;
  event(sessionId: string, eventId: string): Promise<JournalEvent | null>;
  /** The newest `seq` of each of these sessions; deleted ones are absent. */
  lastSeqs(sessionIds: readonly string[]): Promise<Map<string, number>>;

  /** Notes that Temporal acknowledged the signal that carried these arrivals. */
  markSignalled(sessionId: string, arrivals: readonly number[]): Promise<void>;

  /**
   * Marks a session deleted and removes its rows, leaving the tombstone. `decide` may refuse by throwing.
   */
  deleteSession(request: TransactionRequest, decide: (view: AcceptView) => void): Promise<void>;
}
