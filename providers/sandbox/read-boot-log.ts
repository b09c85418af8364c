import { readFileSync } from 'node:fs';

const SHOWN_CHARACTERS = 2_000;

/**
 * What a sandbox wrote while it started, for an error message. A sandbox also ends because its session is destroyed, which removes the
 * log with everything else: then there is nothing to show, and that is no error of its own.
 */
export function readBootLog(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().slice(0, SHOWN_CHARACTERS);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
