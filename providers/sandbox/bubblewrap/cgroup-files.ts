import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** What both versions of control groups need of their file systems. */

export const CPU_PERIOD = 100_000;
/** Groups for CPU stand beside those of the host's other programs, since the kernel compares siblings only. */
export const CPU_GROUP_PREFIX = 'managed-agent-';

export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Tries an operation on the control file system, where "not possible here" has many error codes and one meaning. */
export function succeeds(operation: () => void): boolean {
  try {
    operation();
    return true;
  } catch {
    return false;
  }
}

export function removeFolder(folder: string): void {
  if (existsSync(folder)) succeeds(() => rmdirSync(folder));
}

export function namesIn(folder: string, prefix: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${CPU_GROUP_PREFIX}${prefix}`))
    .map((name) => name.slice(CPU_GROUP_PREFIX.length));
}

/** The whole of a control file; empty once its group is gone. */
export function readControl(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export function instanceOf(folder: string): number | undefined {
  return statSync(folder, { throwIfNoEntry: false })?.ino;
}

export function membersOf(folder: string): number[] {
  return readControl(join(folder, 'cgroup.procs'))
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [Number(line)]));
}

/**
 * `cpu.idle` makes whoever wakes up outside the group take the processor at once. Kernels before 5.15 do not have it: there, and only
 * there, `weight` bounds the group's share.
 */
export function setIdle(
  folder: string,
  isIdle: boolean,
  weight: { file: string; low: string; usual: string },
): void {
  if (succeeds(() => writeFileSync(join(folder, 'cpu.idle'), isIdle ? '1' : '0', { flag: 'r+' }))) return;
  succeeds(() =>
    writeFileSync(join(folder, weight.file), isIdle ? weight.low : weight.usual, { flag: 'r+' }),
  );
}

/** Processor time per period; undefined for a sandbox that may use all that the host has. */
export function quotaOf(cpus: number): string | undefined {
  return cpus < availableParallelism() ? String(Math.round(cpus * CPU_PERIOD)) : undefined;
}
