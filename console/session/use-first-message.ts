import { useEffect, useRef } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { firstMessageIn } from '../sessions/first-message.ts';
import { useSend } from './use-send.ts';

/** Sends the message that a new session was started with, once, as soon as the page listens. */
export function useFirstMessage(isLive: boolean): { error: unknown } {
  const { state, pathname, search } = useLocation();
  const navigate = useNavigate();
  const isSent = useRef(false);
  const { mutate, error } = useSend();
  const text = firstMessageIn(state);
  useEffect(() => {
    if (!isLive || text === null || isSent.current) return;
    isSent.current = true;
    // Taken out of the history first, so that coming back to this page does not send it again.
    void navigate(pathname + search, { replace: true, state: null });
    mutate([{ type: 'user.message', content: [{ type: 'text', text }] }]);
  }, [isLive, text, mutate, navigate, pathname, search]);
  return { error };
}
