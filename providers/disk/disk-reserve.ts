import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import {
  defaultReserve,
  diskState,
  reservedFiles,
  reservesLeft,
  type DiskFigures,
  type DiskState,
} from '../../core/disk-room.ts';
import { AppError } from '../../core/errors.ts';
import type { DistantDisk } from './distant-disk.ts';

/** The disk with the least room of those that the service writes to. */
export interface DiskRoom {
  state: DiskState;
  /** The folder by which it is known. */
  folder: string;
  /** For processes that are not root, as PostgreSQL. */
  freeBytes: number;
  totalBytes: number;
  reserveBytes: number;
  /** Of the number of files; none of them where the disk has no such number. */
  freeFiles: number;
  totalFiles: number;
  reserveFiles: number;
  /** How many times the reserve is free, of bytes or of files. */
  reserves: number;
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

/** What there is too little of, and of how much. */
function amounts({
  freeBytes,
  totalBytes,
  reserveBytes,
  freeFiles,
  totalFiles,
  reserveFiles,
  reserves,
}: DiskRoom): { free: string; total: string; reserve: string; twice: string } {
  if (freeBytes / reserveBytes <= reserves)
    return {
      free: inMib(freeBytes),
      total: inMib(totalBytes),
      reserve: inMib(reserveBytes),
      twice: inMib(reserveBytes * 2),
    };
  const files = (count: number): string => `${count} files`;
  return {
    free: files(freeFiles),
    total: files(totalFiles),
    reserve: files(reserveFiles),
    twice: files(reserveFiles * 2),
  };
}

/** One line for people. */
export function describeRoom(room: DiskRoom): string {
  const { free, total, reserve, twice } = amounts(room);
  const left = `${free} of ${total} are free on the disk of ${room.folder}`;
  switch (room.state) {
    case 'ample':
      return `${left}; below ${twice} no sandbox is started and no file stored`;
    case 'low':
      return `${left}, which is below ${twice} (twice the reserve; see disk.reserve_bytes): no sandbox is started and no file stored until there is more room`;
    case 'reserve':
      return `${room.freeBytes < MIB || (room.totalFiles > 0 && room.freeFiles === 0) ? 'the disk is full: ' : ''}${left}, which is below the reserve, ${reserve} (see disk.reserve_bytes), that are kept for the database: commands that write are ended. Make room on the disk`;
  }
}

/**
 * @param folders - where the service writes; those on other disks are looked at as well.
 * @param reserveBytes - what is kept of each disk; null: a share of it.
 * @param distant - folders that may be another machine's; those whose disk has not answered yet are left out.
 */
export function createDiskReserve(
  folders: readonly string[],
  reserveBytes: number | null,
  statfs: (folder: string) => DiskFigures = statfsSync,
  distant: readonly DistantDisk[] = [],
): DiskReserve {
  function roomOf(folder: string, figures: DiskFigures): DiskRoom {
    const { bavail, blocks, bsize, files: totalFiles, ffree: freeFiles } = figures;
    const [freeBytes, totalBytes] = [bavail * bsize, blocks * bsize];
    const reserve = reserveBytes ?? defaultReserve(totalBytes);
    const reserves = reservesLeft(figures, reserve);
    return {
      state: diskState(reserves),
      folder,
      freeBytes,
      totalBytes,
      reserveBytes: reserve,
      freeFiles,
      totalFiles,
      reserveFiles: reservedFiles(totalFiles),
      reserves,
    };
  }
  const look = (): DiskRoom => {
    const rooms = folders.map((folder) => roomOf(folder, statfs(existing(folder))));
    for (const disk of distant) {
      const figures = disk.figures();
      if (figures !== null) rooms.push(roomOf(disk.folder, figures));
    }
    return rooms.reduce((least, room) => (room.reserves < least.reserves ? room : least));
  };
  return {
    look,
    require(what) {
      const room = look();
      if (room.state === 'ample') return;
      const { free, twice } = amounts(room);
      throw new AppError(
        'disk_full',
        `The disk of the service is almost full, so that ${what}: ${free} are free, and below ${twice} it is kept for the database. Whoever runs the service must make room.`,
        { retryAfterMs: 60_000 },
      );
    },
  };
}
