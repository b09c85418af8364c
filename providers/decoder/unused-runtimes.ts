import { readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';

/** A runtime, a half-made one, or one that is being removed. */
const RUNTIME = /^decoder-[0-9a-f]{16}(?:\.[\w.-]+)?$/;
/** Processes of the service note so often that they use a runtime. */
const NOTED_EVERY_MS = 6 * 3_600_000;
/** What nobody has noted for so long is of a version that no longer runs here. */
const UNUSED_MS = 7 * 24 * 3_600_000;

/** Notes now and then, as the folder's time, that this process may start processes from a runtime. Returns what ends it. */
export function noteUse(folder: string): () => void {
  const note = (): void => {
    try {
      const now = new Date();
      utimesSync(folder, now, now);
    } catch {
      // Of a folder that is another user's, that user takes care.
    }
  };
  note();
  const timer = setInterval(note, NOTED_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Removes the runtimes of other versions that no process has noted to use for a week. Several versions may run beside one another; and
 * what one of them cannot remove, it leaves to the others.
 *
 * @param base - as for `prepareDecoderRuntime`.
 * @param current - the folder that stays in any case.
 */
export function removeUnusedRuntimes(base: string, current: string, now = Date.now()): void {
  const runtimes = path.join(base, 'runtime');
  for (const name of readdirSync(runtimes)) {
    const folder = path.join(runtimes, name);
    if (!RUNTIME.test(name) || folder === current) continue;
    try {
      if (now - statSync(folder).mtimeMs < UNUSED_MS) continue;
      // As a whole: whoever looks for it meanwhile finds none, and makes one.
      const leaving = name.endsWith('.leaving') ? folder : `${folder}.leaving`;
      if (leaving !== folder) renameSync(folder, leaving);
      rmSync(leaving, { recursive: true, force: true });
    } catch {
      // Somebody else is removing it, or it is not ours to remove.
    }
  }
}
