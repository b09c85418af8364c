import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { RunningService } from '../test/harness/service.ts';

/** The URL of a running service's own PostgreSQL, as its worker was given it. */
export function postgresUrlOf(service: RunningService): string {
  const { worker = 0 } = service.run().pids;
  const variables = readFileSync(`/proc/${worker}/environ`, 'utf8').split('\0');
  const prefix = 'MANAGED_AGENT_STORE_URL=';
  const line = variables.find((variable) => variable.startsWith(prefix));
  if (line === undefined) throw new Error('the worker was given no store.url');
  return line.slice(prefix.length);
}

/**
 * Processor time used so far, milliseconds: of each part of the service, PostgreSQL with its server processes, and of the whole machine,
 * which also counts sandboxes and the bench itself.
 */
export function processorTimes(service: RunningService): Map<string, number> {
  const used = new Map<string, number>();
  const parts = Object.entries(service.run().pids);
  for (const [name, pid] of parts) {
    let ticks = ticksOf(pid);
    if (name === 'postgres') for (const child of childrenOf(pid)) ticks += ticksOf(child);
    used.set(name, ticks * TICK_MS);
  }
  const machine = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return used.set('machine', machine);
}

/** Linux counts processor time for programs in hundredths of a second, on every machine (USER_HZ). */
const TICK_MS = 10;

function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // utime, stime, and the same of children that have ended: fields 14 to 17 of proc(5), counted from the end of the name.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  } catch {
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

/** Memory of these processes and their children, MB: what they share is counted once (proportional set size). */
export function residentMemory(pids: readonly number[]): number {
  const all = new Set(pids);
  for (const pid of pids) for (const child of childrenOf(pid)) all.add(child);
  let kilobytes = 0;
  for (const pid of all) kilobytes += Number(/^Pss:\s+(\d+)/m.exec(memoryMap(pid))?.[1] ?? 0);
  return kilobytes / 1024;
}

/** The kernel's account of a process's memory; empty when it ended meanwhile, as a child of a start-up does, also if nobody asked how. */
function memoryMap(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ESRCH', 'ENOENT'].includes(String(error.code)))
      return '';
    throw error;
  }
}
