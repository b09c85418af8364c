import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

import type { AsAgent } from './as-agent.ts';
import type { ProcessRow } from './processes.ts';

/** Processor time after which a command counts as one that computes; the kernel shows it in hundredths of a second. */
const COMPUTES_TICKS = 200;
/** A command that has computed for so long steps back at once while the sandbox as a whole computes. */
const BEGINS_TICKS = 20;
/** So much processor time, more than a quarter of one processor all the time, makes a sandbox one that computes. */
const PRESSED_TICKS = 400;
const EASE_TICKS_PER_SECOND = 25;
/** A sandbox that computed for hours is an ordinary one again half a minute later. */
const MOST_PRESSED_TICKS = 1_000;
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
 * Lets a command that has computed for two seconds step back behind all others: the short commands of other sessions keep their speed, and
 * it still gets what nobody else wants. It stays so until it ends; the next command starts as usual, and steps back sooner where the sandbox
 * has computed all the time.
 *
 * Linux shares the processor out among sessions of processes before it looks at single ones, unless control groups stand above both. So
 * both are told.
 */
export function createStepBack(asAgent: AsAgent): StepBack {
  let seen = new Map<string, number>();
  const spent = new Map<number, number>();
  let pressure = 0;
  let lookedAt = performance.now();
  const grouped = new Set<number>();
  let changed = new Set<string>();

  function account(rows: readonly ProcessRow[]): void {
    const now = new Map<string, number>();
    pressure = Math.max(0, pressure - ((performance.now() - lookedAt) / 1_000) * EASE_TICKS_PER_SECOND);
    lookedAt = performance.now();
    for (const row of rows) {
      const name = `${row.pid}/${row.startTime}`;
      now.set(name, row.cpuTicks);
      // What a child used until it was looked at counts once more when it ends: twice the truth at most.
      const used = row.cpuTicks - (seen.get(name) ?? 0);
      pressure = Math.min(MOST_PRESSED_TICKS, pressure + used);
      spent.set(row.session, (spent.get(row.session) ?? 0) + used);
    }
    seen = now;
    const living = new Set(rows.map((row) => row.session));
    for (const session of spent.keys()) {
      if (living.has(session)) continue;
      spent.delete(session);
      grouped.delete(session);
    }
  }

  return (rows) => {
    account(rows);
    const enough = pressure >= PRESSED_TICKS ? BEGINS_TICKS : COMPUTES_TICKS;
    const computing = rows.filter((row) => (spent.get(row.session) ?? 0) >= enough);
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
