/** What a session came to. */
export type SessionEnd = 'archived' | 'deleted';

/** What those who clear up ask the store. Rejects with `unavailable`. */
export interface Leftovers {
  /** Those of these sessions that were archived or deleted. Sessions that are unknown here are absent, as are living ones. */
  ended(sessionIds: readonly string[]): Promise<Map<string, SessionEnd>>;
  /** Whether any row refers to the blob. */
  isReferenced(workspaceId: string, sha256: string): Promise<boolean>;
}
