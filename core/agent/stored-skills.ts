import type { SkillReference } from '../skills/skill-pin.ts';
import type { Agent } from './agent-types.ts';

/** Skills as an agent keeps them: one that names no version means the newest of each time. */
export function storedSkills(references: readonly SkillReference[] | null | undefined): Agent['skills'] {
  return (references ?? []).map(({ type, skill_id, version }) => ({
    type,
    skill_id,
    version: version ?? 'latest',
  }));
}
