/** What a session that is at rest rests as: ended for good, with nothing to do, or until somebody answers a call. */
export type RestState = 'archived' | 'idle' | 'waiting';

/** How long a session of each state is kept, milliseconds; null: for ever. */
export type KeptFor = Readonly<Record<RestState, number | null>>;

/** A session that has rested for longer than it is kept. */
export interface OutlivedSession {
  sessionId: string;
  workspaceId: string;
  state: RestState;
  /** As it was seen: one in which something happens later is not outlived any more. */
  lastSeq: number;
  lastArrival: number;
}

/** What goes by its age. Rejects with `unavailable`. */
export interface RetentionStore {
  /**
   * Looks at the `limit` sessions that follow `after` by id, and names those of them that have outlived their time. `next`: where to go on;
   * null: these were the last. Sessions are looked at by their primary key, since an index on what changes with every event would cost
   * every event more than this look does.
   */
  outlived(
    keptFor: KeptFor,
    after: string | null,
    limit: number,
  ): Promise<{ sessions: OutlivedSession[]; next: string | null }>;
  /** Removes checkpoints of sessions that were archived longer ago: nothing restores them. At most `limit`; returns how many. */
  removeCheckpoints(archivedMs: number, limit: number): Promise<number>;
  /** Lets files that agents made longer ago expire now; at most `limit`. Returns how many. */
  expireOutputs(olderThanMs: number, limit: number): Promise<number>;
}
