import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import type { AsAgent } from './as-agent.ts';
import type { Calls } from './calls.ts';
import { listProcesses, readProcess, signalQuietly, type ProcessRow } from './processes.ts';
import type { Settings } from './settings.ts';
import { createStepBack } from './step-back.ts';

const PAGE_BYTES = 4096;
const PROCESSES_MS = 500;
/** What only runs in the background is looked at less often, and an idle sandbox hardly costs anything. */
const QUIET_TICKS = 10;
/** Disk usage is measured at most this often, and never for more than a fifth of the time: a large tree takes long. */
const DISK_MS = 1_000;
const DISK_SHARE = 4;
/** What only background processes may have written is measured so many times less often. */
const QUIET_DISK = 5;
const FULL_NOTICE =
  '[Background processes were ended, since they went on writing although the disk limit of the sandbox was reached.]';

export interface WatchdogDeps {
  settings: Settings;
  asAgent: AsAgent;
  prefix: readonly string[];
  environment: Record<string, string>;
  calls: Pick<Calls, 'endCommands' | 'endBackground' | 'hasBackground' | 'runningCount'>;
  log(message: string): void;
}

/** Bytes and files below the agent's folders, measured as the agent by `du`. Folders that the agent closed to itself count as empty. */
async function usageOf(deps: WatchdogDeps): Promise<{ bytes: number; files: number }> {
  const [program = 'sh', ...rest] = [
    ...deps.prefix,
    'sh',
    '-c',
    'du -s -x -c -B1 -- "$@" 2>/dev/null | tail -n 1; du -s -x -c --inodes -- "$@" 2>/dev/null | tail -n 1',
    'du',
    ...deps.settings.agentFolders,
  ];
  const { stdout } = await promisify(execFile)(program, rest, {
    env: deps.environment,
    cwd: '/',
    timeout: 60_000,
  });
  const [bytes = 0, files = 0] = stdout.split('\n').map((line) => Number(line.split('\t')[0]));
  return { bytes, files };
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
 * Bounds that the kernel does not hold here: the memory of all processes together, what lies in the workspace, and how much what computes for
 * long gets in the way of others. Over the memory
 * bound the largest process group is killed; over the disk bound every running command is ended, unless usage shrinks,
 * so that a command that cleans up can do its work, and then the background processes, if usage still grows.
 */
export function startWatchdog(deps: WatchdogDeps): void {
  const { settings } = deps;
  // sandboxd's own, and of what it starts for itself.
  const ownSession = readProcess(process.pid)?.session;
  const stepBack = createStepBack(deps.asAgent);
  const stepsBack = settings.processes === 'all';
  let ticks = 0;
  if (stepsBack || settings.memoryBytes > 0) {
    setInterval(() => {
      ticks++;
      if (deps.calls.runningCount() === 0 && ticks % QUIET_TICKS !== 0) return;
      const rows = listProcesses().filter((row) => row.pid !== process.pid && row.pid !== 1);
      if (settings.memoryBytes > 0) holdMemory(deps, rows);
      if (stepsBack) stepBack(rows.filter((row) => row.session !== ownSession));
    }, PROCESSES_MS).unref();
  }
  if (settings.diskBytes > 0) void holdDisk(deps);
}

/** Measures as long as sandboxd runs and the agent has processes that may write. */
async function holdDisk({ settings, calls, log, ...deps }: WatchdogDeps): Promise<never> {
  /** The last measure over the limit, and whether nothing but background processes can have written since. */
  let over: { bytes: number; files: number; commandsEnded: boolean } | undefined;
  for (let pauseMs = DISK_MS, quietMs = 0; ;) {
    await delay(pauseMs, undefined, { ref: false });
    if (calls.runningCount() === 0) {
      quietMs += pauseMs;
      if (over === undefined && quietMs < DISK_MS * QUIET_DISK) continue;
      if (!calls.hasBackground()) continue;
    }
    quietMs = 0;
    const startedAt = performance.now();
    try {
      const { bytes, files } = await usageOf({ settings, calls, log, ...deps });
      const isOver = bytes > settings.diskBytes || (settings.diskFiles > 0 && files > settings.diskFiles);
      const before = over;
      over = isOver ? { bytes, files, commandsEnded: calls.runningCount() === 0 } : undefined;
      if (over !== undefined && before !== undefined) {
        if (before.commandsEnded && (bytes > before.bytes || files > before.files)) {
          log(`disk: ${bytes} bytes in ${files} files, and still more; background processes are ended`);
          calls.endBackground(FULL_NOTICE);
        }
        if (bytes >= before.bytes && calls.runningCount() > 0) {
          log(`disk: ${bytes} bytes in ${files} files are over the limit; commands are ended`);
          calls.endCommands('limit');
          over.commandsEnded = true;
        }
      }
    } catch (error) {
      log(`disk usage cannot be measured: ${String(error)}`);
    }
    pauseMs = Math.max(DISK_MS, (performance.now() - startedAt) * DISK_SHARE);
  }
}
