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

/** What stays free of the files that the disk can hold, whatever their size. Zero where it has no such number. */
export function reservedFiles(totalFiles: number): number {
  return Math.round(totalFiles * SHARE);
}

/** What `statfs` says of a disk. */
export interface DiskFigures {
  bavail: number;
  blocks: number;
  bsize: number;
  files: number;
  ffree: number;
}

/** How many times the reserve is free, of bytes or of files, whichever is less. A reserve of no bytes is none at all. */
export function reservesLeft({ bavail, bsize, files, ffree }: DiskFigures, reserveBytes: number): number {
  if (reserveBytes === 0) return Number.POSITIVE_INFINITY;
  const keptFiles = reservedFiles(files);
  return Math.min(
    (bavail * bsize) / reserveBytes,
    keptFiles === 0 ? Number.POSITIVE_INFINITY : ffree / keptFiles,
  );
}

/** Below twice the reserve nothing large is begun any more; below the reserve itself what writes is ended. */
export function diskState(reserves: number): DiskState {
  if (reserves < 1) return 'reserve';
  return reserves < 2 ? 'low' : 'ample';
}
