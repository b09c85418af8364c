import { APIError } from '@anthropic-ai/sdk';
import { QueryCache, QueryClient } from '@tanstack/react-query';
import type { ConsoleSession } from '../../api/console/console-session.ts';
import { isSignedOut } from '../service/problem-text.ts';

export const CONSOLE_SESSION = ['console-session'] as const;

/** Takes over who uses the page now; what the service told the one before is forgotten. */
export function changeUser(session: ConsoleSession): void {
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== CONSOLE_SESSION[0] });
  queryClient.setQueryData(CONSOLE_SESSION, session);
}

/** The page's cache of what the service said. When a key is no longer taken, the page asks for one. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (isSignedOut(error)) void queryClient.invalidateQueries({ queryKey: CONSOLE_SESSION });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // The client tries twice more by itself; this is for a service that restarts.
      retry: (count, error) => count < 3 && !(error instanceof APIError && (error.status ?? 500) < 500),
    },
  },
});
