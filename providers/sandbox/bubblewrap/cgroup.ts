import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import type { SandboxLimits } from '../limits.ts';

/**
 * Control groups for memory, processes and CPU, where this host lets the service make them: version 2, version 1, or none. Without
 * them the limits per process and sandboxd's own watch remain.
 */
export interface Cgroups {
  readonly version: 'v2' | 'v1' | 'none';
  /** Makes the groups of a sandbox. Returns the files that take the process ids of its members. */
  create(name: string, limits: SandboxLimits): string[];
  /** Removes the groups; their processes must be gone. */
  remove(name: string): void;
}

const ROOT = '/sys/fs/cgroup';
const PARENT = 'managed-agent';
const CPU_PERIOD = 100_000;

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Tries an operation on the control file system, where "not possible here" has many error codes and one meaning. */
function succeeds(operation: () => void): boolean {
  try {
    operation();
    return true;
  } catch {
    return false;
  }
}

function removeFolder(folder: string): void {
  if (existsSync(folder)) succeeds(() => rmdirSync(folder));
}

/**
 * Whether a sandbox may use less than this host has. Else it is in no group for CPU: there, its commands could not step back one by one
 * behind those of others.
 */
function boundsCpu({ cpus }: SandboxLimits): boolean {
  return cpus < availableParallelism();
}

function versionTwo(): Cgroups | undefined {
  const controllers = join(ROOT, 'cgroup.controllers');
  if (!existsSync(controllers) || !isWritable(ROOT)) return undefined;
  const available = readFileSync(controllers, 'utf8').trim().split(' ');
  if (!['memory', 'pids', 'cpu'].every((name) => available.includes(name))) return undefined;
  const parent = join(ROOT, PARENT);
  const isReady = succeeds(() => {
    writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+memory +pids');
    mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, 'cgroup.subtree_control'), '+memory +pids');
  });
  if (!isReady) return undefined;
  return {
    version: 'v2',
    create(name, limits) {
      const folder = join(parent, name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'memory.max'), String(limits.memoryBytes));
      succeeds(() => writeFileSync(join(folder, 'memory.swap.max'), '0'));
      writeFileSync(join(folder, 'pids.max'), String(limits.processes + 64));
      if (boundsCpu(limits)) {
        for (const above of [ROOT, parent]) writeFileSync(join(above, 'cgroup.subtree_control'), '+cpu');
        writeFileSync(join(folder, 'cpu.max'), `${Math.round(limits.cpus * CPU_PERIOD)} ${CPU_PERIOD}`);
      }
      return [join(folder, 'cgroup.procs')];
    },
    remove: (name) => removeFolder(join(parent, name)),
  };
}

function versionOne(): Cgroups | undefined {
  const folders = { memory: join(ROOT, 'memory'), pids: join(ROOT, 'pids'), cpu: join(ROOT, 'cpu') };
  const isReady = Object.values(folders).every(
    (folder) => isWritable(folder) && succeeds(() => mkdirSync(join(folder, PARENT), { recursive: true })),
  );
  if (!isReady) return undefined;
  const folderOf = (controller: keyof typeof folders, name: string): string =>
    join(folders[controller], PARENT, name);
  return {
    version: 'v1',
    create(name, limits) {
      const controllers = (['memory', 'pids', 'cpu'] as const).filter(
        (controller) => controller !== 'cpu' || boundsCpu(limits),
      );
      for (const controller of controllers) mkdirSync(folderOf(controller, name), { recursive: true });
      writeFileSync(join(folderOf('memory', name), 'memory.limit_in_bytes'), String(limits.memoryBytes));
      writeFileSync(join(folderOf('pids', name), 'pids.max'), String(limits.processes + 64));
      if (boundsCpu(limits)) {
        writeFileSync(join(folderOf('cpu', name), 'cpu.cfs_period_us'), String(CPU_PERIOD));
        writeFileSync(
          join(folderOf('cpu', name), 'cpu.cfs_quota_us'),
          String(Math.round(limits.cpus * CPU_PERIOD)),
        );
      }
      return controllers.map((controller) => join(folderOf(controller, name), 'cgroup.procs'));
    },
    remove(name) {
      for (const controller of ['memory', 'pids', 'cpu'] as const) removeFolder(folderOf(controller, name));
    },
  };
}

/** Where sandboxes are in no groups of their own. */
export const NO_CGROUPS: Cgroups = { version: 'none', create: () => [], remove: () => {} };

/** Finds out what the host offers. Only root may make groups here; others have none. */
export function detectCgroups(uid: number): Cgroups {
  if (uid !== 0 || process.platform !== 'linux') return NO_CGROUPS;
  return versionTwo() ?? versionOne() ?? NO_CGROUPS;
}
