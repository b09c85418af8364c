import { setTimeout as delay } from 'node:timers/promises';

import type { AsAgent } from './as-agent.ts';
import type { Calls } from './calls.ts';
import { createHoldMemory } from './limits/hold-memory.ts';
import { createLookInside } from './limits/look-inside.ts';
import { holdTables } from './limits/hold-tables.ts';
import type { Pace } from './limits/pace.ts';
import { listProcesses, readProcess } from './processes.ts';
import type { Settings } from './settings.ts';
import { createStepBack } from './step-back.ts';

const PROCESSES_MS = 500;
/** Except for memory, what only runs in the background is looked at less often, and an idle sandbox hardly costs anything. */
const QUIET_TICKS = 10;

export interface WatchdogDeps {
  settings: Settings;
  asAgent: AsAgent;
  calls: Pick<Calls, 'runningCount'>;
  pace: Pace;
  log(message: string): void;
}

/**
 * Bounds that the kernel does not hold here: the memory of all processes together, what they take of tables of the whole host, and how much
 * what computes for long gets in the way of others. Over a bound the process group that has most is killed.
 */
export async function startWatchdog(deps: WatchdogDeps): Promise<void> {
  const { settings } = deps;
  // sandboxd's own, and of what it starts for itself.
  const ownSession = readProcess(process.pid)?.session;
  const stepBack = createStepBack(deps.asAgent);
  const look = createLookInside(deps.asAgent);
  const ownsSystem = settings.processes === 'all';
  const holdMemory =
    settings.memoryBytes > 0
      ? createHoldMemory({ limit: settings.memoryBytes, look, log: deps.log })
      : undefined;
  if (!ownsSystem && holdMemory === undefined) return;
  for (let ticks = 1, isEmpty = false; ; ticks++) {
    // What a browser has in memory is nobody's call and not in the background either.
    if (holdMemory === undefined || isEmpty) await deps.pace.pause(PROCESSES_MS);
    else await delay(PROCESSES_MS, undefined, { ref: false });
    const isQuiet = deps.calls.runningCount() === 0 && ticks % QUIET_TICKS !== 0;
    if (isQuiet && holdMemory === undefined) continue;
    const rows = listProcesses().filter((row) => row.pid !== process.pid && row.pid !== 1);
    isEmpty = rows.length === 0;
    holdMemory?.(rows);
    if (isQuiet || !ownsSystem) continue;
    look(() =>
      holdTables({ openFiles: settings.openFiles, memoryBytes: settings.memoryBytes, rows, log: deps.log }),
    );
    stepBack(rows.filter((row) => row.session !== ownSession));
  }
}
