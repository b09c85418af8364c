import { setTimeout as delay } from 'node:timers/promises';

import { listProcesses, signalQuietly, type ProcessRow } from '../processes.ts';

/** Looks for processes that were started while the others were stopped. */
const STOPPING_PASSES = 100;
/** Some seconds: a process in the middle of a system call ends when that returns. */
const ENDING_PASSES = 400;
const PAUSE_MS = 5;

/**
 * Ends processes that may be starting others all the time. They are stopped first, until none runs that could start another: ended one
 * after the other, their places would be taken by new ones as fast.
 *
 * @param find - those that are to end, of all that there are.
 * @returns how many were found.
 */
export async function endProcesses(find: (rows: ProcessRow[]) => ProcessRow[]): Promise<number> {
  const stopped = new Set<string>();
  for (let pass = 0; pass < STOPPING_PASSES; pass++) {
    const fresh = find(listProcesses()).filter((row) => !stopped.has(`${row.pid}/${row.startTime}`));
    if (fresh.length === 0) break;
    for (const row of fresh) {
      signalQuietly(row.pid, 'SIGSTOP');
      stopped.add(`${row.pid}/${row.startTime}`);
    }
  }
  for (let pass = 0; pass < ENDING_PASSES; pass++) {
    const rest = find(listProcesses());
    for (const row of rest) signalQuietly(row.pid, 'SIGKILL');
    if (rest.length === 0) break;
    await delay(PAUSE_MS);
  }
  return stopped.size;
}
