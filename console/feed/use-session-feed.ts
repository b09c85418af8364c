import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { client } from '../service/client.ts';
import { createSessionFeed, type FeedSnapshot, type SessionFeed } from './session-feed.ts';

/** Follows a session as long as the component is shown. */
export function useSessionFeed(sessionId: string): { feed: SessionFeed; log: FeedSnapshot } {
  const feed = useMemo(() => createSessionFeed(client, sessionId), [sessionId]);
  useEffect(() => () => feed.close(), [feed]);
  const log = useSyncExternalStore(feed.subscribe, feed.snapshot);
  return { feed, log };
}
