import { readFileSync } from 'node:fs';

/**
 * The key of a file, read anew each time it is asked for, so that a key that was replaced is used from the next request on. A file that
 * cannot be read or is empty, as one is while it is being replaced, leaves the key as it was.
 *
 * @param first - the key that was read at the start; null where there was none.
 */
export function createKeyFile(path: string, first: string | null): () => string | null {
  let key = first;
  return () => {
    try {
      key = readFileSync(path, 'utf8').trim() || key;
    } catch {
      // The vendor says so when the key that is left is refused.
    }
    return key;
  };
}
