import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '../../../core/errors.ts';
import { withHostLock } from '../host-lock.ts';
import { isNoteAlive, noteOf, type RunningNote } from '../running-note.ts';
import type { RoomSettings } from './default-running.ts';

/** How long one start waits for room before it fails; whoever wants the sandbox tries again some times. */
const WAIT_MS = 15_000;
const LOOK_MS = 250;
/** A sandbox that was used so recently is in use, though no call runs in it now. */
const REST_MS = 30_000;
/** The time of a place says when its sandbox was last used, about. */
const TOUCH_MS = 5_000;
/** Times that are remembered; forgetting one costs a look at the folder. */
const MOST_REMEMBERED = 10_000;
/** How long a sandbox that agreed to stop may take. */
const STOP_MS = 5_000;

export interface RunningRoomDeps {
  settings: RoomSettings;
  isRunning(sessionId: string): Promise<boolean>;
  /** Has a sandbox stop in which no call and no process runs. False: it goes on. */
  rest(sessionId: string): Promise<boolean>;
  log(message: string, details?: Record<string, string | number>): void;
  /** Milliseconds. */
  waitMs?: number;
  restMs?: number;
}

/** A place among the sandboxes that run. */
export interface RunningPlace {
  /** The sandbox runs. */
  taken(): void;
  /** It could not be started, or somebody else did; does nothing after {@link RunningPlace.taken}. */
  leave(): void;
}

/**
 * Keeps a host from running more sandboxes at once than its memory holds; safe for use by all its workers. Each sandbox that runs has a
 * file in the folder. When there is no room, the sandbox that was used longest ago, and in which nothing runs, is stopped, as it would be by
 * itself a little later: its files stay, and its next call starts it again. Where all are in use, a start waits.
 */
export interface RunningRoom {
  /** Takes a place for a sandbox that is about to be started. Rejects with `sandbox_unavailable` when there is none for some time. */
  enter(sessionId: string): Promise<RunningPlace>;
  /** Notes that a running sandbox is used. */
  used(sessionId: string): void;
  /** Gives back the places of a sandbox that does not run any more. */
  left(sessionId: string): void;
}

/** A file's name: the session's, and what tells a place from the one of an earlier or another start. */
const NAME = /^([A-Za-z0-9_-]{1,128})~[0-9a-f]+$/;

export function createRunningRoom(deps: RunningRoomDeps): RunningRoom {
  const { waitMs = WAIT_MS, restMs = REST_MS } = deps;
  const { folder } = deps.settings;
  const touched = new Map<string, number>();
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  const names = (): string[] => readdirSync(folder).filter((name) => NAME.test(name));
  const sessionOf = (name: string): string => NAME.exec(name)?.[1] ?? '';
  const placesOf = (sessionId: string): string[] => names().filter((name) => sessionOf(name) === sessionId);
  const timeOf = (name: string): number =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const remove = (name: string): void => rmSync(join(folder, name), { force: true });

  /** Makes a file and keeps it where there is room with it. Of several that come at once all may find that there is none: those look closer. */
  function tryPlace(sessionId: string, most: number): string | undefined {
    const name = `${sessionId}~${randomBytes(6).toString('hex')}`;
    writeFileSync(join(folder, name), JSON.stringify(noteOf(process.pid, '')), { mode: 0o600 });
    if (names().length <= most) return name;
    remove(name);
    return undefined;
  }

  /** Whether the process that is starting the sandbox lives; files of running ones are empty. */
  function isStarting(name: string): boolean {
    try {
      return isNoteAlive(JSON.parse(readFileSync(join(folder, name), 'utf8')) as RunningNote);
    } catch {
      return false;
    }
  }

  /** Removes the places of sandboxes that stopped by themselves, and all but one of each that runs. */
  async function prune(): Promise<void> {
    const seen = new Set<string>();
    for (const name of names().sort((one, other) => timeOf(other) - timeOf(one))) {
      if (isStarting(name)) continue;
      const sessionId = sessionOf(name);
      if (!seen.has(sessionId) && (await deps.isRunning(sessionId))) seen.add(sessionId);
      else remove(name);
    }
  }

  /** Stops the sandbox that was used longest ago, of those that rest. Whether there was one. */
  async function makeRoom(): Promise<boolean> {
    const resting = names()
      .filter((name) => !isStarting(name))
      .map((name) => ({ name, usedAt: timeOf(name) }))
      .filter(({ usedAt }) => Date.now() - usedAt >= restMs)
      .sort((one, other) => one.usedAt - other.usedAt);
    for (const { name, usedAt } of resting) {
      const sessionId = sessionOf(name);
      if (!(await deps.rest(sessionId).catch(() => false))) continue;
      for (const end = Date.now() + STOP_MS; (await deps.isRunning(sessionId)) && Date.now() < end;)
        await delay(10);
      remove(name);
      const seconds = Math.round((Date.now() - usedAt) / 1_000);
      deps.log('a sandbox at rest was stopped to make room for another', { session: sessionId, seconds });
      return true;
    }
    return false;
  }

  async function look(sessionId: string, most: number): Promise<string | undefined> {
    const name = tryPlace(sessionId, most);
    if (name !== undefined) return name;
    return withHostLock(join(folder, '.lock'), async () => {
      await prune();
      return tryPlace(sessionId, most) ?? ((await makeRoom()) ? tryPlace(sessionId, most) : undefined);
    });
  }

  return {
    async enter(sessionId) {
      const { count: most } = await deps.settings.most();
      for (const end = Date.now() + waitMs; ;) {
        const name = await look(sessionId, most);
        if (name !== undefined) {
          let isTaken = false;
          return {
            taken() {
              writeFileSync(join(folder, name), '');
              isTaken = true;
            },
            leave() {
              if (!isTaken) remove(name);
            },
          };
        }
        if (Date.now() >= end) {
          throw new AppError(
            'sandbox_unavailable',
            `All ${most} sandboxes that may run at once on this machine (sandbox.max_running) are in use. Try again later.`,
          );
        }
        await delay(LOOK_MS);
      }
    },
    used(sessionId) {
      const now = Date.now();
      if (touched.size > MOST_REMEMBERED) touched.clear();
      if (now - (touched.get(sessionId) ?? 0) < TOUCH_MS) return;
      touched.set(sessionId, now);
      const places = placesOf(sessionId);
      // One that ran before there were places gets its own.
      if (places.length === 0)
        writeFileSync(join(folder, `${sessionId}~${randomBytes(6).toString('hex')}`), '');
      for (const name of places) {
        try {
          utimesSync(join(folder, name), new Date(now), new Date(now));
        } catch {
          // It was given back a moment ago.
        }
      }
    },
    left(sessionId) {
      touched.delete(sessionId);
      for (const name of placesOf(sessionId)) if (!isStarting(name)) remove(name);
    },
  };
}
