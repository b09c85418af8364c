/** A stored archive. */
export interface CheckpointPart {
  sha256: string;
  /** Uncompressed. */
  bytes: number;
}

/** What a session's sandbox kept when it was last saved. */
export interface Checkpoint {
  sessionId: string;
  workspaceId: string;
  /** Of the archives; see `SandboxArchive.format`. */
  format: string;
  mark: string;
  /** A full archive, then those of changes, in the order in which they are restored. */
  parts: CheckpointPart[];
  /** Attached files among the agent's own: paths with hashes. */
  attached: Record<string, string>;
  /** The newest event when it was begun: calls that ended later may have changed what is not in it. */
  lastSeq: number;
}

/** The newest checkpoint of each session. Goes with its session. Rejects with `unavailable`. */
export interface CheckpointStore {
  /** `takenAt`: Unix milliseconds. */
  get(sessionId: string): Promise<(Checkpoint & { takenAt: number }) | null>;
  /**
   * Records a checkpoint in place of the one with the mark `previous`. False, and nothing is done, when another one stands, the session is
   * gone, or it is not placed so any more: then what was saved is not the session's.
   */
  record(checkpoint: Checkpoint, previous: string | null, placement: string): Promise<boolean>;
  /** How many tool calls of the session ended after an event. */
  endedCalls(sessionId: string, afterSeq: number): Promise<number>;
}
