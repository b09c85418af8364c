import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';

import { renderOutput, type Rendered } from './render-output.ts';

const TAIL_BYTES = 256 * 1024;
/** Gathers what a command writes: in a file from the first byte on, so that a restart of sandboxd loses nothing. */
export interface Spool {
  write(chunk: Uint8Array): void;
  /** The output as a model reads it: whole up to `limit` characters, else its beginning and its end. */
  render(limit: number, keptAt: string): Rendered;
  /** Gives the file a second name, for good and on the same file system, and lets go of it. The first name is its opener's to remove. */
  keep(target: string): void;
  /** Lets go of the file. */
  close(): void;
}

function readRange(descriptor: number, start: number, length: number): Uint8Array {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, buffer, filled, length - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

/**
 * @param fileBytes - what the file holds at most; what comes after is counted, and only its last part is kept, in memory.
 */
export function openSpool(file: string, fileBytes: number): Spool {
  // Where a sandbox has one user id only, its commands may have put a link there.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const descriptor = openSync(file, flags, 0o644);
  let inFile = fstatSync(descriptor).size;
  let total = inFile;
  /** The last part, in pieces: joining them at every write would copy the whole of it each time. */
  let tail: Buffer[] = [];
  let tailBytes = 0;

  function lastBytes(count: number): Uint8Array {
    if (total === inFile) return readRange(descriptor, Math.max(0, inFile - count), Math.min(count, inFile));
    const joined = Buffer.concat(tail);
    return joined.subarray(Math.max(0, joined.length - count));
  }

  return {
    write(chunk) {
      total += chunk.length;
      const room = fileBytes - inFile;
      if (room > 0) {
        const part = chunk.subarray(0, room);
        let written = 0;
        while (written < part.length) written += writeSync(descriptor, part, written);
        inFile += part.length;
      }
      if (chunk.length > room) {
        const piece = Buffer.from(chunk.subarray(Math.max(0, room)));
        tail.push(piece);
        tailBytes += piece.length;
        while (tailBytes - (tail[0]?.length ?? 0) >= TAIL_BYTES) tailBytes -= tail.shift()?.length ?? 0;
      }
    },
    render(limit, keptAt) {
      const head = readRange(descriptor, 0, Math.min(inFile, limit * 4));
      return renderOutput({ head, tail: () => lastBytes(TAIL_BYTES), total, inFile }, limit, keptAt);
    },
    keep(target) {
      closeSync(descriptor);
      if (!existsSync(file)) return;
      rmSync(target, { force: true });
      linkSync(file, target);
    },
    close() {
      closeSync(descriptor);
    },
  };
}
