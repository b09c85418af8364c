import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/**
 * Whether a process handles a signal, so that sending it does not end it: one that has just been started does not yet. Only Linux tells;
 * elsewhere every process is taken to.
 */
export function catchesSignal(pid: number, signal: NodeJS.Signals): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return ((BigInt(`0x${caught}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
  } catch {
    // It has ended.
    return false;
  }
}
