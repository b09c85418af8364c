import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Removes the oldest files of a folder until the rest takes no more than so many bytes; the newest stays whatever its size. Returns the
 * names of what was removed.
 */
export function pruneOldest(
  folder: string,
  mostBytes: number,
  isPruned: (name: string) => boolean = () => true,
): string[] {
  const files = readdirSync(folder)
    .filter(isPruned)
    .flatMap((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return found?.isFile() === true ? [{ name, bytes: found.size, time: found.mtimeMs }] : [];
    })
    .sort((one, other) => other.time - one.time);
  let kept = 0;
  const removed = files.filter(({ bytes }, index) => {
    kept += bytes;
    return index > 0 && kept > mostBytes;
  });
  for (const { name } of removed) rmSync(join(folder, name), { force: true });
  return removed.map(({ name }) => name);
}
