import { readProcess } from '../../../sandboxd/processes.ts';
import type { Cgroups } from './cgroups.ts';
import { createCpuClasses } from './cpu-classes.ts';
import { createGroupSweep } from './group-sweep.ts';

const LOOK_MS = 500;
const SWEEP_MS = 10_000;

/**
 * Looks after the control groups of this data folder, until it is told to end: sandboxes step back, and empty groups go. A look that fails, for want of descriptors
 * or since a group goes while it is read, is logged, and the next one does its work: nothing of it is worth the process.
 */
export function startGroupWatch(
  cgroups: Cgroups,
  prefixes: { all: string; sandboxes: string },
  log: (message: string, details?: Record<string, string | number>) => void,
): { end(): void } {
  if (cgroups.version === 'none') return { end: () => {} };
  const classes = createCpuClasses({
    cgroups,
    prefix: prefixes.sandboxes,
    readProcess,
    now: () => performance.now(),
  });
  const guarded = (look: () => void) => (): void => {
    try {
      look();
    } catch (error) {
      log('the control groups of sandboxes could not be looked after', { error: String(error) });
    }
  };
  const timers = [
    setInterval(
      guarded(() => classes.look()),
      LOOK_MS,
    ).unref(),
    setInterval(guarded(createGroupSweep(cgroups, prefixes.all)), SWEEP_MS).unref(),
  ];
  return { end: () => timers.forEach((timer) => clearInterval(timer)) };
}
