import type { JsonObject } from '../../core/json.ts';

/** An accepted event that Temporal has not acknowledged. */
export interface UnsignalledEvents {
  sessionId: string;
  workspaceId: string;
  archived: boolean;
  events: {
    arrival: number;
    id: string;
    type: string;
    seq: number | null;
    ref: string | null;
    /** Decrypts it. Throws `key_missing` and `undecryptable`, which concern this session and no other. */
    body(): JsonObject;
  }[];
}

/** A busy session in which nothing was journaled for a while: its workflow may be lost. */
export interface QuietSession {
  sessionId: string;
  lastSeq: number;
}

/** An attempt that a worker process held when it was last heard of. */
export interface HeldAttempt {
  sessionId: string;
  stepKey: string;
  taskToken: Uint8Array;
}

/** What a run needs to be started anew. */
export interface RestartableSession {
  sessionId: string;
  workspaceId: string;
  threadId: string;
  epoch: number;
  agentId: string;
  model: string;
  title: string | null;
}

/** What keeps sessions going when processes and databases fail: read and written by the sweeper and by takeover. */
export interface Upkeep {
  /** Events accepted more than `olderThanMs` ago whose signal was never acknowledged, oldest first, at most `limit`. */
  unsignalled(olderThanMs: number, limit: number): Promise<UnsignalledEvents[]>;
  /** Busy sessions in which nothing was journaled for `quietMs`. */
  quiet(quietMs: number, limit: number): Promise<QuietSession[]>;
  /**
   * Moves a session to a new epoch, so that everything of the old run is refused: `greatest(epoch + 1, unix seconds)`, which a restored
   * database never hands out again. Null when the session is archived or deleted.
   */
  newEpoch(sessionId: string): Promise<RestartableSession | null>;
  /** Sessions deleted within the last `withinMs`. */
  tombstones(withinMs: number, limit: number): Promise<string[]>;
  /** The newest queued interrupt's arrival of each of these sessions that has one. */
  newestInterrupts(sessionIds: readonly string[]): Promise<Map<string, number>>;
  /**
   * Sessions of which Temporal may have an attempt under way: those with something to do, and those that journaled something within the
   * last `recentMs`, since a worker may die after the commit and before Temporal hears of it. By id, after `after`, at most `limit`.
   */
  active(recentMs: number, after: string | null, limit: number): Promise<string[]>;
  /** Attempts whose rows are open and claimed by this worker. */
  heldBy(worker: string): Promise<HeldAttempt[]>;
  /**
   * The identity of the Temporal namespace that this database belongs to. Stores it when there is none, or when `replace` says so, and
   * returns what stands.
   */
  temporalIdentity(identity: string, mode: 'keep' | 'replace'): Promise<string>;
}
