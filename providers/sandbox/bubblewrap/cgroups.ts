import type { SandboxLimits } from '../limits.ts';

/** What a group bounds of its members together. */
export type GroupLimits = Pick<SandboxLimits, 'memoryBytes' | 'processes' | 'cpus'>;

/**
 * Control groups for memory, processes and CPU, where this host lets the service make them: version 2, version 1, or none. Without
 * them the limits per process and sandboxd's own watch remain.
 */
export interface Cgroups {
  readonly version: 'v2' | 'v1' | 'none';
  /** Makes the groups of a sandbox, or of what serves sandboxes. Returns the files that take the process ids of its members. */
  create(name: string, limits: GroupLimits): string[];
  /** Removes the groups; their processes must be gone. */
  remove(name: string): void;
  /** The names of all sandboxes whose groups begin so. */
  names(prefix: string): string[];
  /** Processor time that a sandbox's processes have taken, in microseconds; undefined when its groups are gone. */
  usedMicroseconds(name: string): number | undefined;
  /** A number that no two groups share, not even of the same name one after the other; undefined when there are none. */
  instance(name: string): number | undefined;
  /** The ids of its processes, as the host numbers them. */
  members(name: string): number[];
  /**
   * Decides what a sandbox gets of a processor that others want too. `ordinary`: its share. `leftover`: what nobody else wants; whoever
   * else wakes up takes the processor at once.
   */
  setCpuClass(name: string, cpuClass: CpuClass): void;
}

export type CpuClass = 'ordinary' | 'leftover';

/** Where sandboxes are in no groups of their own. */
export const NO_CGROUPS: Cgroups = {
  version: 'none',
  create: () => [],
  remove: () => {},
  names: () => [],
  usedMicroseconds: () => undefined,
  instance: () => undefined,
  members: () => [],
  setCpuClass: () => {},
};
