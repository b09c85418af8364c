import { useQuery } from '@tanstack/react-query';
import { allPages } from '../service/all-pages.ts';
import { client } from '../service/client.ts';

/** All models that agents can use here. */
export function useModels() {
  return useQuery({ queryKey: ['models'], queryFn: () => allPages(client.models.list({ limit: 1_000 })) });
}
