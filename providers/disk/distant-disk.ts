import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DiskFigures } from '../../core/disk-room.ts';

/** The disk of a folder that may be another machine's. */
export interface DistantDisk {
  readonly folder: string;
  /** What it said last, a second ago mostly; null before it has answered. */
  figures(): DiskFigures | null;
}

const FRESH_MS = 1_000;

/** One for each folder, however many look at it: a question that is never answered keeps one of the few threads of the process. */
const known = new Map<string, DistantDisk>();

/**
 * A file system whose server is gone lets whoever asks for its figures wait for ever, and the whole process with them where that is done
 * in between. So this asks beside what else is done, once at a time.
 */
export function distantDisk(
  folder: string,
  ask: (folder: string) => Promise<DiskFigures> = statfs,
): DistantDisk {
  const existing = known.get(folder);
  if (existing !== undefined) return existing;
  let newest: DiskFigures | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let isAsked = false;

  /** Of the folder, or where it is not made yet of the next one above it. */
  async function figuresOf(place: string): Promise<DiskFigures> {
    try {
      return await ask(place);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing || place === dirname(place)) throw error;
      return figuresOf(dirname(place));
    }
  }

  function refresh(): void {
    if (isAsked || performance.now() - askedAt < FRESH_MS) return;
    isAsked = true;
    askedAt = performance.now();
    figuresOf(folder)
      .then((figures) => {
        newest = figures;
      })
      // What is stored there says why it fails.
      .catch(() => undefined)
      .finally(() => {
        isAsked = false;
      });
  }

  const disk: DistantDisk = {
    folder,
    figures() {
      refresh();
      return newest;
    },
  };
  known.set(folder, disk);
  refresh();
  return disk;
}
