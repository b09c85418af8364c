import { totalmem } from 'node:os';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** What the service itself needs of a machine that also has its databases. */
const SERVICE_BYTES = GIB;
/** A sandbox in which something runs: sandboxd, a command or two, its /tmp. One at rest takes a fifth of it. */
const SANDBOX_BYTES = 256 * MIB;
const LEAST = 2;

/** How many sandboxes may run at once: so many, as many as the memory holds, or any number. */
export type MaxRunning = number | 'by_memory' | 'unlimited';

/** What a driver is told of it. */
export interface RoomSettings {
  /** Where is noted which sandboxes run. */
  folder: string;
  /** How many may, and a sentence about that for operators. Rejects where the memory is not known now. */
  most(): Promise<{ count: number; sentence: string }>;
}

/** Memory that this process and its sandboxes can have: the machine's, or less where a control group says so. */
export function memoryHere(machine = totalmem(), constrained = process.constrainedMemory()): number {
  // 0, or more than there is: nothing constrains it.
  return constrained > 0 ? Math.min(machine, constrained) : machine;
}

/** Sandboxes that may run at once on a machine with this much memory, where the settings do not say. */
export function defaultMaxRunning(memoryBytes: number): number {
  return Math.max(LEAST, Math.floor((memoryBytes - SERVICE_BYTES) / SANDBOX_BYTES));
}

/** @param memory - of the machine that the sandboxes run on, bytes. */
export function roomSettings(
  max: MaxRunning,
  folder: string,
  memory: () => number | Promise<number>,
): RoomSettings | undefined {
  if (max === 'unlimited') return undefined;
  return {
    folder,
    async most() {
      const bytes = max === 'by_memory' ? await memory() : 0;
      const count = max === 'by_memory' ? defaultMaxRunning(bytes) : max;
      const reason = max === 'by_memory' ? `, by the memory of ${(bytes / GIB).toFixed(1)} GiB` : '';
      return {
        count,
        sentence: `At most ${count} run at once${reason} (sandbox.max_running); one at rest makes room for another.`,
      };
    },
  };
}
