import { readFileSync, readdirSync } from 'node:fs';

/**
 * The egress processes of a data folder that run another program than `program`: those of the version before, which outlive its workers.
 *
 * @param runtimes - the folder that holds a runtime per version.
 */
export function outdatedEgress(runtimes: string, program: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      // The first words of the process itself, not of one that only names it.
      const runs = words
        .slice(0, 2)
        .find((word) => word.startsWith(`${runtimes}/`) && word.endsWith('/egress/main.cjs'));
      return runs === undefined || runs === program ? [] : [Number(name)];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}
