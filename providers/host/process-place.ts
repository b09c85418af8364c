import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Names where this process runs: processes of one place see each other, and a process id means the same to all of them. That is one boot
 * of one kernel, and one namespace of process ids: two containers on a machine are two places, also when they share a host name.
 */
export function processPlace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // No Linux: there are no such namespaces, and whoever has the machine's name is on it.
    return hostname();
  }
}

/** Whether two places are on one running kernel, so that its file locks tell them apart. */
export function onOneKernel(first: string, second: string): boolean {
  return first.split('/')[0] === second.split('/')[0];
}
