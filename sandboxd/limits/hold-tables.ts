import { readdirSync, readlinkSync } from 'node:fs';

import { signalQuietly, type ProcessRow } from '../processes.ts';

/**
 * Open files of all processes together, as a multiple of what one may have. The host has a number of its own (`fs.file-max`), and what
 * waits in pipes and sockets is memory of the kernel that no process shows; both are bounded by how many there are.
 */
const PROCESSES_FULL_OF_FILES = 4;
/** As the kernel holds it where the launcher could tell it so. */
const MOST_TERMINALS = 256;

export interface TablesRequest {
  /** Of one process. */
  openFiles: number;
  rows: readonly ProcessRow[];
  log(message: string): void;
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    // It ended, or is sandboxd's own and keeps its files to itself.
    return [];
  }
}

function isTerminal(pid: number, descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`).endsWith('/ptmx');
  } catch {
    return false;
  }
}

function terminalsOpen(): number {
  try {
    // One entry is the door to them.
    return readdirSync('/dev/pts').length - 1;
  } catch {
    return 0;
  }
}

function killLargest(rows: readonly ProcessRow[], counts: ReadonlyMap<number, number>): void {
  const byGroup = new Map<number, number>();
  for (const row of rows) byGroup.set(row.group, (byGroup.get(row.group) ?? 0) + (counts.get(row.pid) ?? 0));
  const [largest] = [...byGroup].sort((one, other) => other[1] - one[1]);
  for (const row of rows) if (row.group === largest?.[0]) signalQuietly(row.pid, 'SIGKILL');
}

/** Kills the process group that has most of what the kernel has one table of for the whole host, when the sandbox has too much of it. */
export function holdTables({ openFiles, rows, log }: TablesRequest): void {
  const counts = new Map<number, number>();
  let total = 0;
  for (const { pid } of rows) {
    const count = descriptorsOf(pid).length;
    counts.set(pid, count);
    total += count;
  }
  if (total > openFiles * PROCESSES_FULL_OF_FILES) {
    log(`open files: ${total} are over the limit; the process group with most of them is killed`);
    killLargest(rows, counts);
    return;
  }
  const terminals = terminalsOpen();
  if (terminals <= MOST_TERMINALS) return;
  log(`terminals: ${terminals} are over the limit; the process group with most of them is killed`);
  for (const { pid } of rows)
    counts.set(pid, descriptorsOf(pid).filter((descriptor) => isTerminal(pid, descriptor)).length);
  killLargest(rows, counts);
}
