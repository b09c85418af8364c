import { AppError } from '../../core/errors.ts';
import { BUILT_IN_WORKSPACE, skillPlace } from '../../core/skills/skill-id.ts';

/** Where a skill is stored that the caller wants to change. Throws `forbidden` for a built-in one. */
export function ownSkill(workspaceId: string, id: string): { workspaceId: string; skillId: string } {
  const place = skillPlace(workspaceId, id);
  if (place.workspaceId !== BUILT_IN_WORKSPACE) return place;
  throw new AppError(
    'forbidden',
    `The skill ${id} is built in and cannot be changed here. Upload one of your own, or change the folder skills/ of the server.`,
  );
}

export function skillNotFound(id: string): AppError {
  return new AppError('not_found', `Skill ${id} was not found.`);
}
