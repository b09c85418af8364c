import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** Version 2: one tree for all controllers. */
export function versionTwo(root: string): Cgroups | undefined {
  const controllers = join(root, 'cgroup.controllers');
  if (!existsSync(controllers) || !isWritable(root)) return undefined;
  const available = readFileSync(controllers, 'utf8').trim().split(' ');
  if (!['memory', 'pids', 'cpu'].every((name) => available.includes(name))) return undefined;
  const subtree = join(root, 'cgroup.subtree_control');
  if (!succeeds(() => writeFileSync(subtree, '+memory +pids +cpu'))) return undefined;
  const folderOf = (name: string): string => join(root, `${CPU_GROUP_PREFIX}${name}`);
  return {
    version: 'v2',
    create(name, { memoryBytes, processes, cpus }) {
      const folder = folderOf(name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'memory.max'), String(memoryBytes));
      succeeds(() => writeFileSync(join(folder, 'memory.swap.max'), '0'));
      writeFileSync(join(folder, 'pids.max'), String(processes + 64));
      writeFileSync(join(folder, 'cpu.max'), `${quotaOf(cpus) ?? 'max'} ${CPU_PERIOD}`);
      return [join(folder, 'cgroup.procs')];
    },
    remove: (name) => removeFolder(folderOf(name)),
    names: (prefix) => namesIn(root, prefix),
    usedMicroseconds(name) {
      const used = /^usage_usec (\d+)$/m.exec(readControl(join(folderOf(name), 'cpu.stat')))?.[1];
      return used === undefined ? undefined : Number(used);
    },
    instance: (name) => instanceOf(folderOf(name)),
    members: (name) => membersOf(folderOf(name)),
    setCpuClass(name, cpuClass) {
      const weight = { file: 'cpu.weight', low: '1', usual: '100' };
      setIdle(folderOf(name), cpuClass === 'leftover', weight);
    },
  };
}
