import { closeSync, copyFileSync, openSync, readSync, renameSync, statSync, truncateSync } from 'node:fs';

/** When a log is rotated and how many old ones stay. */
export interface LogRotation {
  maxBytes: number;
  maxFiles: number;
}

/**
 * Rotates a log that has grown beyond its size: `x.log` → `x.log.1` → `x.log.2` … Its writer keeps the file open for appending, so the
 * content is copied and the file truncated; a line written between the two steps is lost.
 */
export function rotateLog(file: string, { maxBytes, maxFiles }: LogRotation): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size < maxBytes) return;
  for (let number = maxFiles - 1; number >= 1; number -= 1) {
    if (statSync(`${file}.${number}`, { throwIfNoEntry: false }))
      renameSync(`${file}.${number}`, `${file}.${number + 1}`);
  }
  copyFileSync(file, `${file}.1`);
  truncateSync(file, 0);
}

/** The last `bytes` of a log, for error messages; empty when there is none. */
export function lastOfLog(file: string, bytes = 2000): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return '';
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(bytes, size));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').trim();
  } finally {
    closeSync(descriptor);
  }
}

/** What a part said last before it ended: the message of a fatal entry where its log ends with one, else the end of the log. */
export function lastWords(file: string): string {
  const end = lastOfLog(file, 16_384);
  const line = end.slice(end.lastIndexOf('\n') + 1);
  try {
    const entry = JSON.parse(line) as { level?: unknown; msg?: unknown; err?: { message?: unknown } };
    const words = entry.err?.message ?? entry.msg;
    if (entry.level === 'fatal' && typeof words === 'string') return words;
  } catch {
    // It is no JSON, or is cut off.
  }
  return end.slice(-600);
}
