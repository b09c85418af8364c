import type { Cgroups } from './cgroups.ts';

/** A sandbox that is being started has groups before it has processes, for some seconds at most. */
const EMPTY_LOOKS = 4;

/**
 * Removes groups of sandboxes that stopped by themselves. Each keeps memory of the kernel, and a stopped sandbox is to cost none; the next
 * start makes them anew. Called every ten seconds, it takes those without a process for longer than any start takes.
 */
export function createGroupSweep(
  cgroups: Pick<Cgroups, 'names' | 'instance' | 'members' | 'remove'>,
  prefix: string,
): () => void {
  let empty = new Map<string, { looks: number; instance: number | undefined }>();
  return () => {
    const still = new Map<string, { looks: number; instance: number | undefined }>();
    for (const name of cgroups.names(prefix)) {
      if (cgroups.members(name).length > 0) continue;
      const instance = cgroups.instance(name);
      const before = empty.get(name);
      // Groups that were made anew meanwhile are those of a start.
      const looks = before?.instance === instance ? (before?.looks ?? 0) + 1 : 1;
      if (looks < EMPTY_LOOKS) still.set(name, { looks, instance });
      else cgroups.remove(name);
    }
    empty = still;
  };
}
