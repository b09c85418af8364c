import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';

import type { ProcessRow } from '../processes.ts';

/** Files that have no name any more and take space as long as processes have them open. */
export interface DeletedFiles {
  bytes: number;
  /** Process groups that have one open. */
  holders: Set<number>;
}

const BLOCK_BYTES = 512;
const DELETED = ' (deleted)';
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+)\s+\/.* \(deleted\)$/;

/** The device as `stat` has it, from the two numbers of /proc/PID/maps. */
function deviceOf(major: number, minor: number): number {
  return (major << 8) | (minor & 0xff) | ((minor & ~0xff) << 12);
}

/** The files of a process that are open, or run, and deleted; the link tells which, and following it tells their size. */
function* openOnes(place: string): Generator<string> {
  try {
    for (const name of readdirSync(`${place}/fd`)) yield `${place}/fd/${name}`;
    yield `${place}/exe`;
  } catch {
    // It ended.
  }
}

/**
 * Finds deleted files on the given devices that the processes hold. A file that is only mapped counts with what is mapped of it, or with
 * what it had when it was last seen open, since nothing tells its size.
 *
 * @param sizes - of those that were found the last time, by device and number; what is found now replaces them.
 */
export function deletedFiles(
  rows: readonly Pick<ProcessRow, 'place' | 'group'>[],
  devices: ReadonlySet<number>,
  sizes: Map<string, number> = new Map(),
): DeletedFiles {
  const open = new Map<string, number>();
  const mapped = new Map<string, number>();
  const holders = new Set<number>();
  for (const row of rows) {
    for (const link of openOnes(row.place)) {
      try {
        if (!readlinkSync(link).endsWith(DELETED)) continue;
        const { dev, ino, nlink, blocks } = statSync(link);
        if (nlink > 0 || !devices.has(dev)) continue;
        open.set(`${dev}:${ino}`, blocks * BLOCK_BYTES);
        holders.add(row.group);
      } catch {
        // It was closed.
      }
    }
    let maps = '';
    try {
      maps = readFileSync(`${row.place}/maps`, 'latin1');
    } catch {
      // It ended.
    }
    if (!maps.includes(DELETED)) continue;
    for (const line of maps.split('\n')) {
      const found = MAPPING.exec(line);
      if (found === null) continue;
      const [from = 0, to = 0, offset = 0, major = 0, minor = 0] = found
        .slice(1, 6)
        .map((hex) => Number.parseInt(hex, 16));
      const device = deviceOf(major, minor);
      if (!devices.has(device)) continue;
      const key = `${device}:${found[6]}`;
      mapped.set(key, Math.max(mapped.get(key) ?? sizes.get(key) ?? 0, offset + to - from));
      holders.add(row.group);
    }
  }
  const found = new Map([...mapped, ...open]);
  sizes.clear();
  for (const [key, size] of found) sizes.set(key, size);
  const bytes = [...found.values()].reduce((sum, size) => sum + size, 0);
  return { bytes, holders };
}
