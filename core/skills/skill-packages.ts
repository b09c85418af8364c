import type { JsonObject } from '../json.ts';

/** Packages that a skill's scripts need, as an environment's configuration names them: one entry per package, with its version. */
export interface SkillPackages {
  apt: string[];
  npm: string[];
  pip: string[];
}

/** What a skill declares under `metadata.packages`. What is no list of texts there counts as nothing. */
export function skillPackages(metadata: JsonObject): SkillPackages {
  const { packages } = metadata;
  const declared =
    typeof packages === 'object' && packages !== null && !Array.isArray(packages) ? packages : {};
  const listOf = (key: string): string[] => {
    const list = declared[key];
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
  };
  return { apt: listOf('apt'), npm: listOf('npm'), pip: listOf('pip') };
}
