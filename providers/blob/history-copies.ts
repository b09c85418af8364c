const MARK = '\u0000history\u0000';

/**
 * Where the copies lie that only Temporal's history refers to: beside the workspace's blobs, by session. No row knows them, so a sweep
 * goes by their age and by whether their session still exists.
 */
export function historyPlace(workspaceId: string, sessionId: string): string {
  return `${workspaceId}${MARK}${sessionId}`;
}

/** The session whose copies lie there; null for a workspace's own blobs. */
export function sessionOfHistoryPlace(place: string): string | null {
  const [, sessionId] = place.split(MARK);
  return sessionId ?? null;
}
