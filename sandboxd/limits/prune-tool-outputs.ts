import { pruneOldest } from './prune-oldest.ts';

/** Of the disk limit of the sandbox, which counts them as well. */
const SHARE = 4;
/** Where there is no limit. */
const UNLIMITED_BYTES = 1024 * 1024 * 1024;
const NAMES_SHOWN = 5;

/** What one command's output may take: no more than all of them together. */
export function mostOutputBytes({
  diskBytes,
  outputFileBytes,
}: {
  diskBytes: number;
  outputFileBytes: number;
}): number {
  return diskBytes > 0 ? Math.min(outputFileBytes, Math.floor(diskBytes / SHARE)) : outputFileBytes;
}

/** Removes the oldest kept outputs of tools when all together take too much. Returns a notice of it, empty where none was removed. */
export function pruneToolOutputs(folder: string, diskBytes: number): string {
  const most = diskBytes > 0 ? diskBytes / SHARE : UNLIMITED_BYTES;
  const removed = pruneOldest(folder, most, (name) => name.endsWith('.txt'));
  if (removed.length === 0) return '';
  const more = removed.length > NAMES_SHOWN ? ` and ${removed.length - NAMES_SHOWN} more` : '';
  return `[The oldest saved tool outputs were removed, since together they took too much of the disk: ${removed.slice(0, NAMES_SHOWN).join(', ')}${more}.]`;
}
