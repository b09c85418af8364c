import type { ProcessRow } from './processes.ts';

/** Processor time after which a command counts as one that computes; the kernel shows it in hundredths of a second. */
const COMPUTES_TICKS = 200;
/** A command that has computed for so long steps back at once while the sandbox as a whole computes. */
const BEGINS_TICKS = 20;
/** So much processor time, more than a quarter of one processor all the time, makes a sandbox one that computes. */
const PRESSED_TICKS = 200;
const EASE_TICKS_PER_SECOND = 25;
/** A sandbox that computed for hours is an ordinary one again half a minute later. */
const MOST_PRESSED_TICKS = 1_000;
/** A server that was busy for an hour is an ordinary process again some seconds later. */
const MOST_SPENT_TICKS = 400;

/** Looks at a sandbox's processes now and then; returns the sessions of processes that have computed for long. */
export type FindComputing = (rows: readonly ProcessRow[]) => Set<number>;

/**
 * A command counts as one that computes after two seconds of processor time, of its own and of what it started, beyond a quarter of one
 * processor (or what `easeTicksPerSecond` says). The next command is an ordinary one, but counts sooner where the sandbox has computed all the time.
 */
export function createFindComputing(
  now = () => performance.now(),
  easeTicksPerSecond = EASE_TICKS_PER_SECOND,
): FindComputing {
  let seen = new Map<string, number>();
  const spent = new Map<number, number>();
  let pressure = 0;
  let lookedAt = now();

  return (rows) => {
    const living = new Map<string, number>();
    const eased = ((now() - lookedAt) / 1_000) * easeTicksPerSecond;
    lookedAt = now();
    pressure = Math.max(0, pressure - eased);
    const sessions = new Set(rows.map((row) => row.session));
    for (const [session, ticks] of spent) {
      if (sessions.has(session)) spent.set(session, Math.max(0, ticks - eased));
      else spent.delete(session);
    }
    for (const row of rows) {
      const name = `${row.pid}/${row.startTime}`;
      living.set(name, row.cpuTicks);
      // What a child used until it was looked at counts once more when it ends: twice the truth at most.
      const used = row.cpuTicks - (seen.get(name) ?? 0);
      pressure = Math.min(MOST_PRESSED_TICKS, pressure + used);
      spent.set(row.session, Math.min(MOST_SPENT_TICKS, (spent.get(row.session) ?? 0) + used));
    }
    seen = living;
    const enough = pressure >= PRESSED_TICKS ? BEGINS_TICKS : COMPUTES_TICKS;
    return new Set([...spent].flatMap(([session, ticks]) => (ticks >= enough ? [session] : [])));
  };
}
