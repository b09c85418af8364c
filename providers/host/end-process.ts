import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

const POLL_MS = 20;

/** Waits until the process has ended; false when it still lives after `timeoutMs`. */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(identity)) {
    if (performance.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/**
 * Ends a process: each signal in turn, with the time it gets before the next; SIGKILL last. Does nothing when the process has
 * ended already. Never signals another process that got the same pid.
 */
export async function endProcess(
  identity: ProcessIdentity,
  steps: { signal: NodeJS.Signals; waitMs: number }[],
): Promise<void> {
  for (const { signal, waitMs } of [...steps, { signal: 'SIGKILL' as const, waitMs: 10_000 }]) {
    if (!isAlive(identity)) return;
    sendSignal(identity.pid, signal);
    if (await waitForEnd(identity, waitMs)) return;
  }
  throw new Error(`Process ${identity.pid} does not end, not even by SIGKILL.`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
