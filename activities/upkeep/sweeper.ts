import type { Logger } from 'pino';
import { signalBatches } from '../../providers/engine/signal-batches.ts';
import { toSignalledEvent } from '../../providers/engine/signalled-event.ts';
import { historyPlace } from '../../providers/blob/history-copies.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { TemporalEngine } from '../../providers/engine/temporal-engine.ts';
import type { Journal } from '../../providers/store/journal.ts';
import type { QuietSession, UnsignalledEvents, Upkeep } from '../../providers/store/upkeep.ts';
import type { Lease } from '../../providers/store/lease.ts';
import { concernsAll } from './concerns-all.ts';

/** Between two rounds; every fourth one looks for more than accepted events, which asks the store for more too. */
const PERIOD_MS = 500;
const FULL_EVERY = 4;
/** An api that lives waits for Temporal for two seconds at most: to start a workflow and to signal it. */
const UNSIGNALLED_AFTER_MS = 2_000;
const QUIET_AFTER_MS = 3_000;
/** Between the two looks after which an idle run of a busy session counts as lost. */
const SECOND_LOOK_MS = 10_000;
const TOMBSTONES_EVERY_MS = 60_000;
const TOMBSTONE_AGE_MS = 24 * 3600 * 1000;
const BATCH = 500;

export interface SweeperDependencies {
  upkeep: Upkeep;
  journal: Journal;
  engine: TemporalEngine;
  blobs: BlobStore;
  /** Only the process that holds it sweeps. */
  lease: Lease;
  log: Logger;
  /** Unix milliseconds. */
  now: () => number;
}

/**
 * Makes sure that what was accepted is heard, and that a session whose workflow is gone gets another one. One sweeper is active among
 * all workers. Everything it does is a repetition that the protocol tolerates.
 */
export interface Sweeper {
  /** One round. Errors are logged; the next round tries again. */
  sweep(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export function createSweeper(deps: SweeperDependencies): Sweeper {
  const { upkeep, journal, engine, log, now } = deps;
  /** Busy sessions whose run was seen doing nothing: when, and at which `seq`. */
  const suspects = new Map<string, { at: number; lastSeq: number }>();
  /** Deleted sessions of which Temporal was seen to have nothing. */
  const buried = new Set<string>();
  let tombstonesAt = 0;
  let rounds = 0;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;

  /**
   * Does the work of one session. What goes wrong there must not keep the others waiting, round for round; what goes wrong for all of them
   * ends the round.
   */
  async function apart(sessionId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (concernsAll(error)) throw error;
      log.warn(
        { err: error, session_id: sessionId },
        'a session could not be looked after and is tried again',
      );
    }
  }

  async function deliver(): Promise<void> {
    const waiting = await upkeep.unsignalled(UNSIGNALLED_AFTER_MS, BATCH);
    for (const unsignalled of waiting) await apart(unsignalled.sessionId, () => deliverTo(unsignalled));
  }

  async function deliverTo({ sessionId, workspaceId, archived, events }: UnsignalledEvents): Promise<void> {
    const place = historyPlace(workspaceId, sessionId);
    const signalled = [];
    for (const event of events)
      signalled.push(await toSignalledEvent(deps.blobs, place, { ...event, body: event.body() }));
    for (const batch of signalBatches(signalled)) {
      const answer = await engine.signalRun(sessionId, batch);
      const arrivals = batch.map((event) => event.arrival);
      if (answer === 'acknowledged' || archived) await journal.markSignalled(sessionId, arrivals);
      else {
        await revive(sessionId, 'its workflow does not exist');
        break;
      }
    }
  }

  async function reviveLost(): Promise<void> {
    const quiet = await upkeep.quiet(QUIET_AFTER_MS, BATCH);
    const seen = new Set(quiet.map((session) => session.sessionId));
    for (const sessionId of suspects.keys()) if (!seen.has(sessionId)) suspects.delete(sessionId);
    for (const session of quiet) await apart(session.sessionId, () => examine(session));
  }

  async function examine({ sessionId, lastSeq }: QuietSession): Promise<void> {
    const state = await engine.stateOf(sessionId);
    if (state === 'missing') return revive(sessionId, 'its workflow does not exist');
    const suspect = suspects.get(sessionId);
    if (state === 'working') {
      suspects.delete(sessionId);
    } else if (suspect?.lastSeq !== lastSeq) {
      suspects.set(sessionId, { at: now(), lastSeq });
    } else if (now() - suspect.at >= SECOND_LOOK_MS) {
      await revive(sessionId, 'its workflow waits for something that it will not hear');
    }
  }

  async function revive(sessionId: string, why: string): Promise<void> {
    suspects.delete(sessionId);
    const session = await upkeep.newEpoch(sessionId);
    if (!session) return;
    log.warn({ session_id: sessionId, epoch: session.epoch }, `a busy session is taken up again: ${why}`);
    await engine.startRun({ ...session, mode: 'takeover' });
  }

  async function bury(): Promise<void> {
    if (now() - tombstonesAt < TOMBSTONES_EVERY_MS) return;
    tombstonesAt = now();
    const deleted = await upkeep.tombstones(TOMBSTONE_AGE_MS, BATCH);
    for (const sessionId of buried) if (!deleted.includes(sessionId)) buried.delete(sessionId);
    for (const sessionId of deleted) {
      await apart(sessionId, async () => {
        const gone = buried.has(sessionId) && (await engine.stateOf(sessionId)) === 'missing';
        if (!gone && (await engine.removeRuns(sessionId)) === 0) buried.add(sessionId);
      });
    }
  }

  async function sweep(steps = [deliver, reviveLost, bury]): Promise<void> {
    if (!(await deps.lease.held())) return;
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        log.warn({ err: error }, 'a sweep was cut short and is repeated');
      }
    }
  }

  const begin = (): void => {
    round ??= sweep(rounds++ % FULL_EVERY === 0 ? undefined : [deliver]).finally(() => {
      round = undefined;
    });
  };
  return {
    sweep: () => sweep(),
    start() {
      // At once: what was accepted just before everything was killed has waited long enough.
      begin();
      timer = setInterval(begin, PERIOD_MS);
    },
    async stop() {
      clearInterval(timer);
      await round;
      await deps.lease.release();
    },
  };
}
