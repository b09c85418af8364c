import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

import type { AsAgent } from './as-agent.ts';
import { createFindComputing } from './find-computing.ts';
import type { ProcessRow } from './processes.ts';

/** Some tenth of what others get while they want it, and all of the rest. */
const NICE = 10;

/** Looks at the sandbox's processes now and then. */
export type StepBack = (rows: readonly ProcessRow[]) => void;

function isExpected(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  // It ended; or it is not the agent's; or the kernel has no groups of sessions; or somebody else changed one a moment ago.
  return ['ESRCH', 'ENOENT', 'EPERM', 'EACCES', 'EAGAIN'].includes(String(code));
}

function attempt(change: () => void): boolean {
  try {
    change();
    return true;
  } catch (error) {
    // Node reports failures of the system call with its own code.
    if (isExpected(error) || (error instanceof Error && error.name === 'SystemError')) return false;
    throw error;
  }
}

/**
 * Lets a command that has computed for two seconds step back behind the others of its session, and, where no control groups stand above
 * them, of other sessions too: it gets some tenth of what they get while they want it. It keeps its nice value until it ends; the next
 * command starts as usual, and steps back sooner where the sandbox has computed all the time.
 *
 * Linux shares the processor out among sessions of processes before it looks at single ones, unless control groups stand above both. So
 * both are told.
 */
export function createStepBack(asAgent: AsAgent): StepBack {
  const findComputing = createFindComputing();
  const grouped = new Set<number>();
  let changed = new Set<string>();

  return (rows) => {
    const sessions = findComputing(rows);
    for (const session of grouped) if (!sessions.has(session)) grouped.delete(session);
    const computing = rows.filter((row) => sessions.has(row.session));
    const fresh = computing.filter((row) => !changed.has(`${row.pid}/${row.startTime}`));
    const groups = computing.filter((row) => !grouped.has(row.session));
    changed = new Set(computing.map((row) => `${row.pid}/${row.startTime}`));
    if (fresh.length === 0 && groups.length === 0) return;
    asAgent(() => {
      for (const { pid } of fresh) {
        // To the kernel each thread has a priority of its own.
        attempt(() => {
          for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), NICE);
        });
      }
      for (const { pid, session } of groups) {
        if (grouped.has(session)) continue;
        if (attempt(() => writeFileSync(`/proc/${pid}/autogroup`, String(NICE)))) grouped.add(session);
      }
    });
  };
}
