import type { AsAgent } from './as-agent.ts';
import type { Calls } from './calls.ts';
import { createHoldMemory } from './limits/hold-memory.ts';
import { createLookInside } from './limits/look-inside.ts';
import { holdTables } from './limits/hold-tables.ts';
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
  log(message: string): void;
}

/**
 * Bounds that the kernel does not hold here: the memory of all processes together, what they take of tables of the whole host, and how much
 * what computes for long gets in the way of others. Over a bound the process group that has most is killed.
 */
export function startWatchdog(deps: WatchdogDeps): void {
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
  let ticks = 0;
  if (ownsSystem || holdMemory !== undefined) {
    setInterval(() => {
      ticks++;
      const isQuiet = deps.calls.runningCount() === 0 && ticks % QUIET_TICKS !== 0;
      if (isQuiet && holdMemory === undefined) return;
      const rows = listProcesses().filter((row) => row.pid !== process.pid && row.pid !== 1);
      holdMemory?.(rows);
      if (isQuiet || !ownsSystem) return;
      look(() =>
        holdTables({ openFiles: settings.openFiles, memoryBytes: settings.memoryBytes, rows, log: deps.log }),
      );
      stepBack(rows.filter((row) => row.session !== ownSession));
    }, PROCESSES_MS).unref();
  }
}
