import { readFileSync } from 'node:fs';

/** Fast enough for a process that takes a gigabyte in a second, and no work to speak of. */
const PERIOD_MS = 100;
const PAGE_BYTES = 4_096;

/** Resident bytes of a process; null where nobody can say, or when it is gone. */
function residentBytes(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return null;
  }
}

/**
 * Looks at a process's memory while it works, with memory that it shares, which limits of the kernel on one process do not count. Only
 * Linux tells. Returns what ends the watch.
 */
export function watchMemory(pid: number, mostBytes: number, onOver: () => void): () => void {
  const timer = setInterval(() => {
    if ((residentBytes(pid) ?? 0) <= mostBytes) return;
    clearInterval(timer);
    onOver();
  }, PERIOD_MS);
  timer.unref();
  return () => clearInterval(timer);
}
