import { ActivityNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { lostAttempt } from '../../providers/engine/lost-attempt.ts';
import type { TemporalEngine } from '../../providers/engine/temporal-engine.ts';
import type { DeadWorker, WorkerRegistry } from '../../providers/store/worker-registry.ts';
import type { HeldAttempt, Upkeep } from '../../providers/store/upkeep.ts';
import { forEachActive } from './active-sessions.ts';
import { concernsAll } from './concerns-all.ts';

/** Between two looks for dead workers. */
const PERIOD_MS = 500;

/** Tries to report the attempts of one dead worker: half a minute of them. */
const MOST_FAILURES = 60;

/**
 * When Temporal is asked for attempts of a dead worker, after the first time. A poll that the worker left open may be given a task until
 * its connection is closed, which is soon, but need not come before the first look.
 */
const LATER_LOOKS_MS = [1_000, 3_000] as const;

/** Reports the attempts of dead workers, so that Temporal gives them to living ones at once instead of after a missed heartbeat. */
export interface Takeover {
  start(): void;
  stop(): Promise<void>;
}

/** How far the takeover from one dead worker has come. */
interface Progress {
  /** When its attempts were reported; null before that. */
  reportedAt: number | null;
  laterLooks: number;
  failures: number;
}

/**
 * Attempts are known from two sides. The store names those whose rows are open, with their task tokens. The others, which the worker was
 * given and had not opened, or had committed and not yet reported, only Temporal knows: each session that may have one is asked for.
 *
 * A dead worker is forgotten after the last look only. When this process dies too before that, the registry tells another one of both.
 */
export function createTakeover(deps: {
  registry: Pick<WorkerRegistry, 'findDead' | 'forget'>;
  upkeep: Pick<Upkeep, 'heldBy' | 'active'>;
  engine: Pick<TemporalEngine, 'releaseAttempts'>;
  client: Client;
  log: Logger;
  onTakeover?: (attempts: number) => void;
}): Takeover {
  const { registry, upkeep, engine, client, log } = deps;
  let known = new Map<number, Progress>();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      const dead = await registry.findDead();
      const fresh: Progress = { reportedAt: null, laterLooks: 0, failures: 0 };
      known = new Map(dead.map(({ id }) => [id, known.get(id) ?? { ...fresh }]));
      for (const worker of dead) await goOn(worker, known.get(worker.id) ?? fresh);
    } catch (error) {
      log.debug({ err: error }, 'looking for dead workers failed and is repeated');
    }
  }

  /** One worker whose attempts cannot be reported, such as those of a Temporal that was replaced, must not hold up the others for ever. */
  async function goOn(worker: DeadWorker, progress: Progress): Promise<void> {
    try {
      if (progress.reportedAt === null) {
        await takeOver(worker);
        progress.reportedAt = performance.now();
        return;
      }
      if (performance.now() - progress.reportedAt < (LATER_LOOKS_MS[progress.laterLooks] ?? 0)) return;
      const released = await release(worker);
      if (released > 0)
        log.info({ worker: worker.name, attempts: released }, 'late attempts were taken over');
      progress.laterLooks++;
      if (progress.laterLooks === LATER_LOOKS_MS.length) await registry.forget(worker.id);
    } catch (error) {
      progress.failures++;
      log.debug({ err: error, worker: worker.name }, 'the attempts of a dead worker could not be reported');
      if (progress.failures < MOST_FAILURES) return;
      await registry.forget(worker.id);
      log.warn(
        { err: error, worker: worker.name },
        'a worker died; Temporal will notice by itself that its attempts are lost',
      );
    }
  }

  async function takeOver(worker: DeadWorker): Promise<void> {
    const attempts = await upkeep.heldBy(worker.name);
    const sessions = new Set(attempts.map((attempt) => attempt.sessionId));
    await Promise.all([...sessions].map(resetStickyQueue));
    await Promise.all(attempts.map(fail));
    const taken = attempts.length + (await release(worker));
    log.warn(
      { worker: worker.name, attempts: taken },
      'a worker died or is silent; its attempts were taken over',
    );
    deps.onTakeover?.(taken);
  }

  /** Asks Temporal for what else the worker was given. Returns how many attempts there were. */
  async function release(worker: DeadWorker): Promise<number> {
    let released = 0;
    await forEachActive(
      upkeep,
      async (sessionId) => {
        released += await engine.releaseAttempts(sessionId, worker.name);
      },
      passOver,
    );
    return released;
  }

  /** By token and never by id: an id may by now belong to a later attempt, which would be killed. */
  async function fail({ sessionId, taskToken }: HeldAttempt): Promise<void> {
    try {
      await client.activity.fail(taskToken, lostAttempt('worker_lost'));
    } catch (error) {
      if (error instanceof ActivityNotFoundError) return;
      if (concernsAll(error)) throw error;
      passOver(error, sessionId);
    }
  }

  function passOver(error: unknown, sessionId: string): void {
    log.warn({ err: error, session_id: sessionId }, 'an attempt of a dead worker could not be reported');
  }

  async function resetStickyQueue(workflowId: string): Promise<void> {
    await client.workflowService
      .resetStickyTaskQueue({ namespace: client.options.namespace, execution: { workflowId } })
      .catch((error: unknown) => log.debug({ err: error, session_id: workflowId }, 'sticky queue not reset'));
  }

  const begin = (): void => {
    round ??= look().finally(() => {
      round = undefined;
    });
  };
  return {
    start() {
      begin();
      timer = setInterval(begin, PERIOD_MS);
    },
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}
