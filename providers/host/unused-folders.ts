import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';

/** Processes of the service note so often that they use a folder. */
const NOTED_EVERY_MS = 6 * 3_600_000;
const LEAVING = '.leaving';

/** Notes now and then, as the folder's time, that this process uses it. Returns what ends it. */
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
 * Removes folders that no process has noted to use for so long: those whose names fit, and halves of such removals. Several versions of the
 * service may run beside one another; and what one of them cannot remove, it leaves to the others. What is mounted, or runs, stays.
 *
 * @param wanted.current - the folder that stays in any case.
 */
export function removeUnused(
  parent: string,
  wanted: { fits: RegExp; current: string; unusedMs: number; now?: number },
): string[] {
  const { fits, current, unusedMs, now = Date.now() } = wanted;
  const removed: string[] = [];
  let used: string | undefined;
  for (const name of readdirSync(parent)) {
    const folder = path.join(parent, name);
    if (!fits.test(name) || folder === current) continue;
    try {
      if (now - statSync(folder).mtimeMs < unusedMs) continue;
      used ??= usedPaths();
      if (used.includes(`/${name}`)) continue;
      // As a whole: whoever looks for it meanwhile finds none, and makes one.
      const leaving = name.endsWith(LEAVING) ? folder : `${folder}${LEAVING}`;
      if (leaving !== folder) renameSync(folder, leaving);
      rmSync(leaving, { recursive: true, force: true });
      removed.push(name);
    } catch {
      // Somebody else is removing it, or it is not ours to remove.
    }
  }
  return removed;
}

/** What is mounted anywhere on this machine, sandboxes included, and what runs there, as the kernel tells it. */
export function usedPaths(): string {
  if (!existsSync('/proc')) return '';
  const namespaces = new Set<string>();
  let all = '';
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      all += readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
      if (namespaces.has(namespace)) continue;
      all += readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
      namespaces.add(namespace);
    } catch {
      // It ended, or is another user's, who has no sandboxes of ours.
    }
  }
  return all;
}
