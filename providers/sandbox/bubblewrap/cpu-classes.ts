import { createFindComputing, type FindComputing } from '../../../sandboxd/find-computing.ts';
import type { ProcessRow } from '../../../sandboxd/processes.ts';
import type { Cgroups } from './cgroups.ts';

/** What used less of a processor than this between two looks is not worth a look at its processes. */
const CALM_SHARE = 0.1;
/** A sandbox behind others that gets less than this is starved. */
const STARVED_SHARE = 0.05;
/** So many looks in a row, and it is an ordinary one until the next look: its commands end, and can be ended, on any host. */
const STARVED_LOOKS = 2;

/** sandboxd is busy with short commands, too; what takes half a processor for seconds is a flood of output, or a large archive. */
const SANDBOXD_EASE_TICKS = 50;

/** So many looks without anything that computes: one long command often follows the other. */
const CALM_LOOKS = 3;

interface Watched {
  findComputing: FindComputing;
  findBusySandboxd: FindComputing;
  used: number;
  isBehind: boolean;
  starvedLooks: number;
  calmLooks: number;
}

export interface CpuClassesDeps {
  cgroups: Pick<Cgroups, 'names' | 'members' | 'usedMicroseconds' | 'setCpuClass'>;
  /** What the names of the groups begin with. */
  prefix: string;
  readProcess(pid: number): ProcessRow | undefined;
  /** Milliseconds. */
  now(): number;
}

export interface CpuClasses {
  /** Looks at every sandbox once; called twice a second. */
  look(): void;
}

/**
 * Puts a sandbox whose commands compute for long behind all others of the host, for as long as they do: what wakes up elsewhere takes the
 * processor at once instead of waiting for the end of a time slice. Nice values, which sandboxd gives inside, do not do that.
 */
export function createCpuClasses({ cgroups, prefix, readProcess, now }: CpuClassesDeps): CpuClasses {
  const watched = new Map<string, Watched>();
  let lookedAt = now();

  /** The sandbox's processes. sandboxd's own are those of bwrap, which was started from outside, and of its child, process number 1. */
  function processesOf(name: string): Record<'sandboxd' | 'commands', ProcessRow[]> {
    const rows = cgroups.members(name).flatMap((pid) => {
      const row = readProcess(pid);
      return row === undefined ? [] : [row];
    });
    const pids = new Set(rows.map((row) => row.pid));
    const outer = new Set(rows.filter((row) => !pids.has(row.parent)).map((row) => row.pid));
    const own = new Set(
      rows.filter((row) => outer.has(row.pid) || outer.has(row.parent)).map((row) => row.session),
    );
    return {
      // All commands are children of sandboxd: their time is not its own.
      sandboxd: rows
        .filter((row) => own.has(row.session))
        .map((row) => ({ ...row, cpuTicks: row.ownCpuTicks })),
      commands: rows.filter((row) => !own.has(row.session)),
    };
  }

  function lookAt(name: string, share: number, one: Watched): void {
    if (share < CALM_SHARE && !one.isBehind) return;
    const { sandboxd, commands } = processesOf(name);
    const [busy, computing] = [one.findBusySandboxd(sandboxd), one.findComputing(commands)];
    const computes = busy.size + computing.size > 0;
    one.starvedLooks = one.isBehind && computes && share < STARVED_SHARE ? one.starvedLooks + 1 : 0;
    const isStarved = one.starvedLooks >= STARVED_LOOKS;
    one.calmLooks = computes ? 0 : one.calmLooks + 1;
    const isBehind = !isStarved && (computes || (one.isBehind && one.calmLooks < CALM_LOOKS));
    if (isBehind === one.isBehind) return;
    cgroups.setCpuClass(name, isBehind ? 'leftover' : 'ordinary');
    one.isBehind = isBehind;
    one.starvedLooks = 0;
  }

  return {
    look() {
      const elapsed = (now() - lookedAt) * 1_000;
      lookedAt = now();
      const names = new Set(cgroups.names(prefix));
      for (const name of watched.keys()) if (!names.has(name)) watched.delete(name);
      for (const name of names) {
        const used = cgroups.usedMicroseconds(name);
        if (used === undefined) continue;
        const one = watched.get(name);
        // A sandbox that this process did not start may be behind others already: the next look tells.
        if (one === undefined) {
          watched.set(name, {
            findComputing: createFindComputing(now),
            findBusySandboxd: createFindComputing(now, SANDBOXD_EASE_TICKS),
            used,
            isBehind: true,
            starvedLooks: 0,
            calmLooks: CALM_LOOKS,
          });
          continue;
        }
        const share = (used - one.used) / Math.max(1, elapsed);
        one.used = used;
        lookAt(name, share, one);
      }
    },
  };
}
