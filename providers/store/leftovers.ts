/** What a session came to. */
export type SessionEnd = 'archived' | 'deleted';

/** What those who clear up ask the store. Rejects with `unavailable`. */
export interface Leftovers {
  /** Those of these sessions that were archived or deleted. Sessions that are unknown here are absent, as are living ones. */
  ended(sessionIds: readonly string[]): Promise<Map<string, SessionEnd>>;
  /** Those of these sessions that were archived longer ago. */
  archivedBefore(sessionIds: readonly string[], olderThanMs: number): Promise<string[]>;
  /**
   * Blobs that workspaces gave up longer ago than `graceMs`, those first that wait longest; at most `limit`. Files that expired are
   * given up by this.
   */
  loose(graceMs: number, limit: number): Promise<{ workspaceId: string; sha256: string }[]>;
  /** A blob that was given up is gone, or something else refers to it: it counts no longer. */
  settled(workspaceId: string, sha256: string): Promise<void>;
  /** Whether any row refers to the blob. */
  isReferenced(workspaceId: string, sha256: string): Promise<boolean>;
}
