import { useSuspenseQuery } from '@tanstack/react-query';
import type { ConsoleSession } from '../../api/console/console-session.ts';
import { readConsoleSession } from '../service/console-session.ts';
import { CONSOLE_SESSION } from './query-client.ts';

/** Who uses the page, and what the service offers them. */
export function useConsoleSession(): ConsoleSession {
  return useSuspenseQuery({
    queryKey: CONSOLE_SESSION,
    queryFn: ({ signal }) => readConsoleSession(signal),
    staleTime: Infinity,
  }).data;
}
