import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Lies beside sandboxd's own program. */
export const ADOPTER = 'adopter';

/**
 * The words before a program that keep all its descendants its descendants; see `adopter-program.ts`. None on a processor that there is no
 * adopter for: there, what has called `setsid` and lost its parent is not found.
 */
export function adopterWords(): string[] {
  const path = join(dirname(process.argv[1] ?? ''), ADOPTER);
  return existsSync(path) ? [path] : [];
}
