import { useQueries } from '@tanstack/react-query';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';
import type { Completion } from './skill-completion.ts';

/** The names and descriptions of a session's skills, asked for when they are first needed. A version never changes. */
export function useSkillCommands(skills: Session['agent']['skills'], isNeeded: boolean): Completion[] {
  return useQueries({
    queries: skills.map(({ skill_id: id, version }) => ({
      queryKey: ['skill-version', id, version],
      enabled: isNeeded,
      staleTime: Infinity,
      queryFn: () => client.beta.skills.versions.retrieve(version, { skill_id: id }),
    })),
    combine: (answers) =>
      answers.flatMap(({ data }) => (data ? [{ name: data.name, about: data.description }] : [])),
  });
}
