import { useQuery } from '@tanstack/react-query';
import { allPages } from '../service/all-pages.ts';
import { client } from '../service/client.ts';

/** All skills: the built-in ones and the workspace's own. */
export function useSkills() {
  return useQuery({ queryKey: ['skills'], queryFn: () => allPages(client.beta.skills.list({ limit: 100 })) });
}
