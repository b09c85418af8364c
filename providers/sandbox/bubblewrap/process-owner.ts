import { readdirSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { readProcess, signalQuietly } from '../../../sandboxd/processes.ts';

/** The live processes of some users. */
function processesOf(uids: readonly number[]): number[] {
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (uids.includes(statSync(`/proc/${name}`).uid) && readProcess(Number(name)) !== undefined)
        found.push(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/**
 * Kills every process of the given users until none is left: one pass is not enough, since a process may fork while it is being
 * looked for. Returns false if some are left after five seconds.
 */
export async function killAllOf(uids: readonly number[]): Promise<boolean> {
  for (let round = 0; round < 500; round++) {
    const left = processesOf(uids);
    if (left.length === 0) return true;
    for (const pid of left) signalQuietly(pid, 'SIGKILL');
    await delay(10);
  }
  return false;
}
