import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import { defaultReserve, diskState, type DiskState } from '../../core/disk-room.ts';
import { AppError } from '../../core/errors.ts';

/** The disk with the least room of those that the service writes to. */
export interface DiskRoom {
  state: DiskState;
  /** The folder by which it is known. */
  folder: string;
  /** For processes that are not root, as PostgreSQL. */
  freeBytes: number;
  totalBytes: number;
  reserveBytes: number;
}

/** Keeps sandboxes, uploads and archives from taking the disk of the database. */
export interface DiskReserve {
  look(): DiskRoom;
  /** Throws `disk_full` where the disk has too little room to begin with `what`, such as "a file is stored". */
  require(what: string): void;
}

const MIB = 1024 * 1024;
const inMib = (bytes: number): string => `${Math.floor(bytes / MIB)} MiB`;

function existing(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : existing(dirname(folder));
}

/** One line for people. */
export function describeRoom({ state, folder, freeBytes, totalBytes, reserveBytes }: DiskRoom): string {
  const free = `${inMib(freeBytes)} of ${inMib(totalBytes)} are free on the disk of ${folder}`;
  switch (state) {
    case 'ample':
      return `${free}; below ${inMib(reserveBytes * 2)} no sandbox is started and no file stored`;
    case 'low':
      return `${free}, which is below ${inMib(reserveBytes * 2)} (twice disk.reserve_bytes): no sandbox is started and no file stored until there is more room`;
    case 'reserve':
      return `${free}, which is below disk.reserve_bytes, ${inMib(reserveBytes)}, that are kept for the database: commands that write are ended. Make room on the disk`;
  }
}

/**
 * @param folders - where the service writes; those on other disks are looked at as well.
 * @param reserveBytes - what is kept of each disk; null: a share of it.
 */
export function createDiskReserve(
  folders: readonly string[],
  reserveBytes: number | null,
  statfs: (folder: string) => { bavail: number; blocks: number; bsize: number } = statfsSync,
): DiskReserve {
  function roomOf(folder: string): DiskRoom {
    const { bavail, blocks, bsize } = statfs(existing(folder));
    const [freeBytes, totalBytes] = [bavail * bsize, blocks * bsize];
    const reserve = reserveBytes ?? defaultReserve(totalBytes);
    return { state: diskState(freeBytes, reserve), folder, freeBytes, totalBytes, reserveBytes: reserve };
  }
  const look = (): DiskRoom => {
    const rooms = folders.map(roomOf);
    const scarce = (room: DiskRoom): number => room.freeBytes - room.reserveBytes;
    return rooms.reduce((least, room) => (scarce(room) < scarce(least) ? room : least));
  };
  return {
    look,
    require(what) {
      const room = look();
      if (room.state === 'ample') return;
      throw new AppError(
        'disk_full',
        `The disk of the service is almost full, so that ${what}: ${inMib(room.freeBytes)} are free, and below ${inMib(room.reserveBytes * 2)} it is kept for the database. Whoever runs the service must make room.`,
        { retryAfterMs: 60_000 },
      );
    },
  };
}
