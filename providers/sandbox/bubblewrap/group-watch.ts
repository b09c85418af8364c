import { readProcess } from '../../../sandboxd/processes.ts';
import type { Cgroups } from './cgroups.ts';
import { createCpuClasses } from './cpu-classes.ts';
import { createGroupSweep } from './group-sweep.ts';

const LOOK_MS = 500;
const SWEEP_MS = 10_000;

/** Looks after the control groups of sandboxes whose names begin so, until it is told to end. */
export function startGroupWatch(cgroups: Cgroups, prefix: string): { end(): void } {
  if (cgroups.version === 'none') return { end: () => {} };
  const classes = createCpuClasses({ cgroups, prefix, readProcess, now: () => performance.now() });
  const timers = [
    setInterval(() => classes.look(), LOOK_MS).unref(),
    setInterval(createGroupSweep(cgroups, prefix), SWEEP_MS).unref(),
  ];
  return { end: () => timers.forEach((timer) => clearInterval(timer)) };
}
