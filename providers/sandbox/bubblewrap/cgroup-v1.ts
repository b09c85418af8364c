import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Cgroups } from './cgroups.ts';
import {
  CPU_GROUP_PREFIX,
  CPU_PERIOD,
  quotaOf,
  instanceOf,
  isWritable,
  membersOf,
  namesIn,
  readControl,
  removeFolder,
  setIdle,
  succeeds,
} from './cgroup-files.ts';

const PARENT = 'managed-agent';
const CONTROLLERS = ['memory', 'pids', 'cpu', 'cpuacct'] as const;
type Controller = (typeof CONTROLLERS)[number];

/** Version 1, each controller a tree of its own; `cpu` and `cpuacct` are one tree on many hosts. */
export function versionOne(root: string): Cgroups | undefined {
  const folderOf = (controller: Controller, name: string): string =>
    controller === 'memory' || controller === 'pids'
      ? join(root, controller, PARENT, name)
      : join(root, controller, `${CPU_GROUP_PREFIX}${name}`);
  const isReady = CONTROLLERS.every(
    (controller) =>
      isWritable(join(root, controller)) &&
      (controller.startsWith('cpu') ||
        succeeds(() => mkdirSync(join(root, controller, PARENT), { recursive: true }))),
  );
  if (!isReady) return undefined;
  return {
    version: 'v1',
    create(name, { memoryBytes, processes, cpus }) {
      for (const controller of CONTROLLERS) mkdirSync(folderOf(controller, name), { recursive: true });
      writeFileSync(join(folderOf('memory', name), 'memory.limit_in_bytes'), String(memoryBytes));
      writeFileSync(join(folderOf('pids', name), 'pids.max'), String(processes + 64));
      const cpu = folderOf('cpu', name);
      writeFileSync(join(cpu, 'cpu.cfs_period_us'), String(CPU_PERIOD));
      writeFileSync(join(cpu, 'cpu.cfs_quota_us'), quotaOf(cpus) ?? '-1');
      return CONTROLLERS.map((controller) => join(folderOf(controller, name), 'cgroup.procs'));
    },
    remove(name) {
      for (const controller of CONTROLLERS) removeFolder(folderOf(controller, name));
    },
    names: (prefix) => namesIn(join(root, 'cpu'), prefix),
    usedMicroseconds(name) {
      const nanoseconds = readControl(join(folderOf('cpuacct', name), 'cpuacct.usage'));
      return nanoseconds === '' ? undefined : Number(nanoseconds) / 1_000;
    },
    instance: (name) => instanceOf(folderOf('cpu', name)),
    members: (name) => membersOf(folderOf('cpu', name)),
    setCpuClass(name, cpuClass) {
      const weight = { file: 'cpu.shares', low: '10', usual: '1024' };
      setIdle(folderOf('cpu', name), cpuClass === 'leftover', weight);
    },
  };
}
