import { isId } from '../ids.ts';

/** The workspace that built-in skills are stored under; everybody sees them and nobody can change them through the API. */
export const BUILT_IN_WORKSPACE = '$built-in';

/** Ids of the vendor's own document skills, and the built-in skills here that do their work. */
export const SKILL_ALIASES: ReadonlyMap<string, string> = new Map([
  ['xlsx', 'spreadsheet'],
  ['docx', 'document'],
  ['pptx', 'presentation'],
]);

/** Where the skill of an id is stored. Uploaded skills belong to their workspace; built-in ones are called by their names. */
export function skillPlace(workspaceId: string, skillId: string): { workspaceId: string; skillId: string } {
  if (isId('skill', skillId)) return { workspaceId, skillId };
  return { workspaceId: BUILT_IN_WORKSPACE, skillId: SKILL_ALIASES.get(skillId) ?? skillId };
}

/** How a client names the kind of a skill's origin. */
export function skillSource(workspaceId: string): 'anthropic' | 'custom' {
  return workspaceId === BUILT_IN_WORKSPACE ? 'anthropic' : 'custom';
}
