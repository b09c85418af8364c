import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessRow {
  pid: number;
  parent: number;
  group: number;
  session: number;
  state: string;
  /** Clock ticks since boot: with the pid it names a process for ever. */
  startTime: string;
  residentPages: number;
  /** Processor time, its own and that of its children that ended, in hundredths of a second. */
  cpuTicks: number;
  /** Its own alone. */
  ownCpuTicks: number;
}

/** One process as /proc shows it, or undefined once it is gone. Zombies count as gone. */
export function readProcess(pid: number): ProcessRow | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name is in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0] ?? 'X';
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    state,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
    residentPages: Number(fields[21]),
    ownCpuTicks: Number(fields[11]) + Number(fields[12]),
    cpuTicks: Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]),
  };
}

/** Every live process that this process can see. */
export function listProcesses(): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const row = readProcess(Number(name));
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

/** Sends a signal; a process that is gone meanwhile is what was wanted. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')))
      throw error;
  }
}

/** The variable that marks the commands of a sandbox which shares its system with others. */
export const PROCESS_MARK = 'MANAGED_AGENT_SANDBOX';

/** Whether a process was started with the mark of this boot. */
export function carriesMark(pid: number, boot: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${PROCESS_MARK}=${boot}`);
  } catch {
    return false;
  }
}
