import { existsSync, readFileSync } from 'node:fs';

/**
 * The number that a shell wrote into a file with `echo`; undefined as long as it is not there whole. The shell makes the file first and
 * writes then, so it may be found empty.
 */
export function readNumberFile(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  return /^\d+\n$/.test(text) ? Number(text) : undefined;
}
