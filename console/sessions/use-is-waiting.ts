import { useQuery } from '@tanstack/react-query';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';

/** Whether an idle session waits for a person's answer. Asked once for each time the session came to rest. */
export function useIsWaiting(session: Session): boolean {
  const { data } = useQuery({
    queryKey: ['waiting', session.id, session.updated_at],
    enabled: session.status === 'idle',
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const { data: found } = await client.beta.sessions.events.list(
        session.id,
        { types: ['session.status_idle'], order: 'desc', limit: 1 },
        { signal },
      );
      const last = found[0];
      return last?.type === 'session.status_idle' && last.stop_reason.type === 'requires_action';
    },
  });
  return session.status === 'idle' && data === true;
}
