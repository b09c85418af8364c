import { useInfiniteQuery } from '@tanstack/react-query';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';

const PAGE = 50;
const FEW_PAGES = 2;
const OFTEN_MS = 4_000;
const SELDOM_MS = 20_000;

export interface SessionFilter {
  status: Session['status'] | 'any';
  agentId: string;
  isArchivedShown: boolean;
}

/** The workspace's sessions, newest first, page by page, kept fresh. */
export function useSessions({ status, agentId, isArchivedShown }: SessionFilter) {
  return useInfiniteQuery({
    queryKey: ['sessions', status, agentId, isArchivedShown],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      client.beta.sessions.list(
        {
          limit: PAGE,
          ...(pageParam !== '' && { page: pageParam }),
          ...(status !== 'any' && { statuses: [status] }),
          ...(agentId !== '' && { agent_id: agentId }),
          ...(isArchivedShown && { include_archived: true }),
        },
        { signal },
      ),
    getNextPageParam: (last) => last.next_page ?? undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= FEW_PAGES ? OFTEN_MS : SELDOM_MS),
    select: ({ pages }) => pages.flatMap(({ data }) => data),
  });
}
