import type { EventSendParams } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../service/client.ts';
import { useOpenSession } from './session-context.ts';

/** Sends events to the open session; what the service stored is shown at once. */
export function useSend() {
  const { id, feed } = useOpenSession();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (events: EventSendParams['events']) => client.beta.sessions.events.send(id, { events }),
    onSuccess: (answer) => {
      feed.add(answer.data ?? []);
      void queries.invalidateQueries({ queryKey: ['session', id] });
    },
  });
}
