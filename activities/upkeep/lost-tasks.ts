import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { TemporalEngine } from '../../providers/engine/temporal-engine.ts';
import type { Upkeep } from '../../providers/store/upkeep.ts';
import { forEachActive } from './active-sessions.ts';
import { keyOf, type AttemptLedger } from './attempt-ledger.ts';

/**
 * When Temporal is asked, after the connection stands again. An attempt counts as lost when two looks in a row find that Temporal believes
 * it to be here and it is not: one may just be arriving, or its report may be on its way.
 */
const LOOKS_MS = [500, 1_200, 3_000] as const;

/**
 * Ends attempts that Temporal believes this process to have, and that it does not have, so that they are handed out again. They come
 * from a lost connection: Temporal noted that the attempt was taken and died before its answer was read, or the attempt ended while
 * Temporal was away for longer than its report is repeated. Nobody is dead then who could be taken over from, and the
 * attempt would wait for its time-out.
 */
export interface LostTasks {
  /** To be told whenever the connection to Temporal stands again. */
  look(): void;
  stop(): Promise<void>;
}

/** @param deps.worker - this process's identity in Temporal. */
export function createLostTasks(deps: {
  worker: string;
  attempts: Pick<AttemptLedger, 'has'>;
  upkeep: Pick<Upkeep, 'active'>;
  engine: Pick<TemporalEngine, 'releaseLost'>;
  log: Logger;
}): LostTasks {
  const { worker, attempts, upkeep, engine, log } = deps;
  const stopping = new AbortController();
  /** Ends the looks that an earlier loss of the connection began. */
  let newer = new AbortController();
  let looking = Promise.resolve();

  async function lookAll(signal: AbortSignal): Promise<void> {
    let absent = new Set<string>();
    let passed = 0;
    for (const at of LOOKS_MS) {
      await delay(at - passed, undefined, { signal });
      passed = at;
      const before = absent;
      const now = (absent = new Set());
      await forEachActive(
        upkeep,
        async (sessionId) => {
          const released = await engine.releaseLost(sessionId, worker, (attempt) => {
            if (attempts.has(attempt)) return false;
            now.add(keyOf(attempt));
            return before.has(keyOf(attempt));
          });
          if (released > 0)
            log.warn({ session_id: sessionId, attempts: released }, 'attempts that Temporal lost go on');
        },
        (error, sessionId) =>
          log.warn({ err: error, session_id: sessionId }, 'Temporal could not be asked for lost attempts'),
      );
    }
  }

  return {
    look() {
      newer.abort();
      newer = new AbortController();
      const signal = AbortSignal.any([newer.signal, stopping.signal]);
      looking = lookAll(signal).catch((error: unknown) => {
        if (!signal.aborted) log.debug({ err: error }, 'the look for lost attempts was cut short');
      });
    },
    async stop() {
      stopping.abort();
      await looking;
    },
  };
}
