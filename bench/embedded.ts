import { readFileSync } from 'node:fs';
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

/** Memory of these processes and their children, MB: what they share is counted once (proportional set size). */
export function residentMemory(pids: readonly number[]): number {
  const all = new Set(pids);
  for (const pid of pids) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    for (const child of children.split(' ')) if (child !== '') all.add(Number(child));
  }
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
