import { closeSync, existsSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs';

import { signalQuietly, type ProcessRow } from '../processes.ts';

/**
 * Open files of all processes together, as a multiple of what one may have. The host has a number of its own (`fs.file-max`), and what
 * waits in pipes and sockets is memory of the kernel that no process shows; both are bounded by how many there are.
 */
const PROCESSES_FULL_OF_FILES = 4;
/** As the kernel holds it where the launcher could tell it so. */
const MOST_TERMINALS = 256;

/** What one socket may hold of the kernel's memory where nobody set another bound; its own, and that of the sender's pieces. */
const SOCKET_BYTES = 2 * 212_992;
const LEAST_SOCKETS = 1_024;
/** Locks on parts of files: any number on one file that is open once. A database has some tens. */
const MOST_LOCKS = 20_000;
const LOCK_LINE_BYTES = 40;

export interface TablesRequest {
  /** Of one process. */
  openFiles: number;
  /** What all processes may have, where no control group counts what the kernel keeps for them; else 0. */
  memoryBytes: number;
  rows: readonly ProcessRow[];
  log(message: string): void;
}

function descriptorsOf(place: string): string[] {
  try {
    return readdirSync(`${place}/fd`);
  } catch {
    // It ended, or is sandboxd's own and keeps its files to itself.
    return [];
  }
}

function leadsTo(place: string, descriptor: string, pattern: RegExp): boolean {
  try {
    return pattern.test(readlinkSync(`${place}/fd/${descriptor}`));
  } catch {
    return false;
  }
}

/** All of the sandbox's network, also those that nobody has accepted, or that are closed and have not been read to their end. */
function socketsUsed(): number {
  if (!existsSync('/proc/net/sockstat')) return 0;
  return Number(/^sockets: used (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'latin1'))?.[1] ?? 0);
}

/** How many locks each process has, as far as the first lines of the kernel's list tell. */
function locksHeld(): Map<number, number> {
  const counts = new Map<number, number>();
  if (!existsSync('/proc/locks')) return counts;
  const descriptor = openSync('/proc/locks', 'r');
  try {
    const chunk = Buffer.alloc(65_536);
    let [text, seen] = ['', 0];
    while (seen < MOST_LOCKS * 2 * LOCK_LINE_BYTES) {
      const length = readSync(descriptor, chunk, 0, chunk.length, null);
      if (length === 0) break;
      seen += length;
      const lines = (text + chunk.toString('latin1', 0, length)).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const pid = Number(line.trim().split(/\s+/)[4]);
        counts.set(pid, (counts.get(pid) ?? 0) + 1);
      }
    }
  } finally {
    closeSync(descriptor);
  }
  return counts;
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
export function holdTables({ openFiles, memoryBytes, rows, log }: TablesRequest): void {
  const counts = new Map<number, number>();
  let total = 0;
  for (const { pid, place } of rows) {
    const count = descriptorsOf(place).length;
    counts.set(pid, count);
    total += count;
  }
  const kill = (what: string, number: number): void => {
    log(`${what}: ${number} are over the limit; the process group with most of them is killed`);
    killLargest(rows, counts);
  };
  const countOpen = (pattern: RegExp): void => {
    for (const { pid, place } of rows)
      counts.set(
        pid,
        descriptorsOf(place).filter((descriptor) => leadsTo(place, descriptor, pattern)).length,
      );
  };
  if (total > openFiles * PROCESSES_FULL_OF_FILES) return kill('open files', total);
  const terminals = terminalsOpen();
  if (terminals > MOST_TERMINALS) {
    countOpen(/\/ptmx$/);
    return kill('terminals', terminals);
  }
  if (memoryBytes === 0) return;
  const sockets = socketsUsed();
  if (sockets > Math.max(LEAST_SOCKETS, memoryBytes / SOCKET_BYTES)) {
    countOpen(/^socket:/);
    return kill('sockets', sockets);
  }
  const locks = locksHeld();
  const held = rows.reduce((sum, { pid }) => sum + (locks.get(pid) ?? 0), 0);
  if (held <= MOST_LOCKS) return;
  for (const { pid } of rows) counts.set(pid, locks.get(pid) ?? 0);
  kill('locks', held);
}
