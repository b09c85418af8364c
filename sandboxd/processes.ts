import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessRow {
  pid: number;
  /** Folder in /proc that shows its memory and its open files: of a thread, where the first one has ended. */
  place: string;
  parent: number;
  group: number;
  session: number;
  state: string;
  /** Clock ticks since boot: with the pid it names a process for ever. */
  startTime: string;
  /** Processor time, its own and that of its children that ended, in hundredths of a second. */
  cpuTicks: number;
  /** Its own alone. */
  ownCpuTicks: number;
}

/** What stands in a `stat` behind the command's name, which is in parentheses and may itself hold spaces and parentheses. */
function fieldsOf(place: string): string[] {
  try {
    const stat = readFileSync(`${place}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function isOver([state = 'X']: readonly string[]): boolean {
  return state === 'Z' || state === 'X';
}

/** A thread that runs, of a process whose first one has ended. */
function livingThread(pid: number): { place: string; fields: string[] } | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) => `/proc/${pid}/task/${thread}`)
      .map((place) => ({ place, fields: fieldsOf(place) }))
      .find(({ fields }) => !isOver(fields));
  } catch {
    return undefined;
  }
}

/**
 * One process as /proc shows it, or undefined once it is gone. Zombies count as gone; not so a process whose first thread has ended and
 * whose others run on, which looks like one, and whose own folder in /proc shows no memory and no files.
 */
export function readProcess(pid: number): ProcessRow | undefined {
  const place = `/proc/${pid}`;
  const fields = fieldsOf(place);
  let shown = { place, fields };
  if (isOver(fields)) {
    const living = Number(fields[17] ?? 0) > 1 ? livingThread(pid) : undefined;
    if (living === undefined) return undefined;
    shown = living;
  }
  return {
    pid,
    place: shown.place,
    state: shown.fields[0] ?? 'X',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
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
    const place = readProcess(pid)?.place ?? `/proc/${pid}`;
    return readFileSync(`${place}/environ`, 'latin1').split('\0').includes(`${PROCESS_MARK}=${boot}`);
  } catch {
    return false;
  }
}
