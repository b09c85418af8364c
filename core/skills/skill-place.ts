/** Where the folders of a session's skills lie in its sandbox, one per skill, named like it. */
export const SKILLS_FOLDER = '/workspace/skills';

/** The folder of a skill in the sandbox. The same in every session, so that a transcript can name it. */
export function skillFolder(name: string): string {
  return `${SKILLS_FOLDER}/${name}`;
}
