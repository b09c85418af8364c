/** How much of a disk is left, for those that write to it. */
export type DiskState = 'ample' | 'low' | 'reserve';

const MIB = 1024 * 1024;
const SHARE = 0.02;
const LEAST = 256 * MIB;
const MOST = 4 * 1024 * MIB;

/**
 * What stays free for the database when nobody says how much: 2 % of the disk, at least 256 MiB, so that PostgreSQL can write some of its
 * 16 MiB segments and be cleaned up, and at most 4 GiB, which a fast disk takes a second or two to fill, as long as the watch takes to end who fills it.
 */
export function defaultReserve(totalBytes: number): number {
  return Math.min(MOST, Math.max(LEAST, Math.round(totalBytes * SHARE)));
}

/** Below twice the reserve nothing large is begun any more; below the reserve itself what writes is ended. */
export function diskState(freeBytes: number, reserveBytes: number): DiskState {
  if (freeBytes < reserveBytes) return 'reserve';
  return freeBytes < reserveBytes * 2 ? 'low' : 'ample';
}
