import { createContext, useContext } from 'react';
import type { SessionFeed } from '../feed/session-feed.ts';

/** What the parts of a session's page need to act on it. */
export interface OpenSession {
  id: string;
  feed: SessionFeed;
  /** It takes nothing more. */
  isEnded: boolean;
}

export const SessionContext = createContext<OpenSession | null>(null);

export function useOpenSession(): OpenSession {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('no session is open here');
  return session;
}
