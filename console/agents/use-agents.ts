import { useQuery } from '@tanstack/react-query';
import { allPages } from '../service/all-pages.ts';
import { client } from '../service/client.ts';

/** All agents that are not archived. */
export function useAgents() {
  return useQuery({ queryKey: ['agents'], queryFn: () => allPages(client.beta.agents.list({ limit: 100 })) });
}
