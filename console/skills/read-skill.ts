import { unzipSync } from 'fflate';
import { client } from '../service/client.ts';

/** A file of a skill. `text` null: it is no text. */
export interface SkillFile {
  path: string;
  text: string | null;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The files of a skill's version, `SKILL.md` first, without the folder that wraps them. */
export async function readSkill(skillId: string, version: string): Promise<SkillFile[]> {
  const archive = await client.beta.skills.versions.download(version, { skill_id: skillId });
  const entries = unzipSync(new Uint8Array(await archive.arrayBuffer()));
  return Object.entries(entries)
    .filter(([path]) => !path.endsWith('/'))
    .map(([path, content]) => ({ path: path.replace(/^[^/]+\//, ''), text: textOf(content) }))
    .toSorted((first, second) => rank(first) - rank(second) || first.path.localeCompare(second.path));
}

function rank({ path }: SkillFile): number {
  return path === 'SKILL.md' ? 0 : 1;
}

function textOf(content: Uint8Array): string | null {
  try {
    return decoder.decode(content);
  } catch {
    return null;
  }
}
