import { versionOne } from './cgroup-v1.ts';
import { versionTwo } from './cgroup-v2.ts';
import { NO_CGROUPS, type Cgroups } from './cgroups.ts';

/** Finds out what the host offers. Only root may make groups here; others have none. */
export function detectCgroups(uid: number, root = '/sys/fs/cgroup'): Cgroups {
  if (uid !== 0 || process.platform !== 'linux') return NO_CGROUPS;
  return versionTwo(root) ?? versionOne(root) ?? NO_CGROUPS;
}
