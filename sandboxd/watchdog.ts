import type { AsAgent } from './as-agent.ts';
import type { Calls } from './calls.ts';
import { createLookInside } from './limits/look-inside.ts';
import { holdTables } from './limits/hold-tables.ts';
import { listProcesses, readProcess, signalQuietly, type ProcessRow } from './processes.ts';
import type { Settings } from './settings.ts';
import { createStepBack } from './step-back.ts';

const PAGE_BYTES = 4096;
const PROCESSES_MS = 500;
/** Except for memory, what only runs in the background is looked at less often, and an idle sandbox hardly costs anything. */
const QUIET_TICKS = 10;

export interface WatchdogDeps {
  settings: Settings;
  asAgent: AsAgent;
  calls: Pick<Calls, 'runningCount'>;
  log(message: string): void;
}

function holdMemory(deps: WatchdogDeps, rows: readonly ProcessRow[]): void {
  const limit = deps.settings.memoryBytes;
  const total = rows.reduce((sum, row) => sum + row.residentPages * PAGE_BYTES, 0);
  if (total <= limit) return;
  const groups = new Map<number, number>();
  for (const row of rows) groups.set(row.group, (groups.get(row.group) ?? 0) + row.residentPages);
  const [largest] = [...groups].sort((one, other) => other[1] - one[1]);
  if (largest === undefined) return;
  deps.log(`memory: ${total} bytes are over the limit of ${limit}; process group ${largest[0]} is killed`);
  for (const row of rows) if (row.group === largest[0]) signalQuietly(row.pid, 'SIGKILL');
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
  let ticks = 0;
  if (ownsSystem || settings.memoryBytes > 0) {
    setInterval(() => {
      ticks++;
      const isQuiet = deps.calls.runningCount() === 0 && ticks % QUIET_TICKS !== 0;
      if (isQuiet && settings.memoryBytes === 0) return;
      const rows = listProcesses().filter((row) => row.pid !== process.pid && row.pid !== 1);
      if (settings.memoryBytes > 0) holdMemory(deps, rows);
      if (isQuiet || !ownsSystem) return;
      look(() => holdTables({ openFiles: settings.openFiles, rows, log: deps.log }));
      stepBack(rows.filter((row) => row.session !== ownSession));
    }, PROCESSES_MS).unref();
  }
}
