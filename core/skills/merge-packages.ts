import type { SkillPackages } from './skill-packages.ts';

type Lists = Readonly<Record<keyof SkillPackages, readonly string[]>>;

/** A package's name without its version, in each manager's notation. */
const NAMES: Record<keyof SkillPackages, RegExp> = {
  apt: /^[^=]+/,
  npm: /^@?[^@]+/,
  pip: /^[^=<>!~;[\s]+/,
};

/**
 * The packages that an environment lists, and those that skills need besides: each once, in a fixed order. A package that the environment
 * names stays in the version that it names; of two skills that want different versions of one the first has its way.
 */
export function mergePackages<Packages extends Lists>(
  listed: Packages,
  skills: readonly SkillPackages[],
): Packages {
  const merged: Record<keyof SkillPackages, string[]> = { apt: [], npm: [], pip: [] };
  for (const manager of ['apt', 'npm', 'pip'] as const) {
    const nameOf = (item: string): string => (NAMES[manager].exec(item)?.[0] ?? item).toLowerCase();
    const known = new Set(listed[manager].map(nameOf));
    const added: string[] = [];
    for (const item of skills.flatMap((packages) => packages[manager])) {
      if (known.has(nameOf(item))) continue;
      known.add(nameOf(item));
      added.push(item);
    }
    merged[manager] = [...listed[manager], ...added.toSorted()];
  }
  return { ...listed, ...merged };
}
