import { useQuery } from '@tanstack/react-query';
import { allPages } from '../service/all-pages.ts';
import { client } from '../service/client.ts';

/** All environments that are not archived. */
export function useEnvironments() {
  return useQuery({
    queryKey: ['environments'],
    queryFn: () => allPages(client.beta.environments.list({ limit: 100 })),
  });
}
