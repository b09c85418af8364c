import { setTimeout as delay } from 'node:timers/promises';
import { ActivityNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import type { TemporalEngine } from '../../providers/engine/temporal-engine.ts';
import type { DeadWorker, WorkerRegistry } from '../../providers/store/worker-registry.ts';
import type { Upkeep } from '../../providers/store/upkeep.ts';

/** Between two looks for dead workers. */
const PERIOD_MS = 500;

/** Tries to report the attempts of one dead worker: half a minute of them. */
const MOST_FAILURES = 60;

/**
 * When Temporal is asked for attempts of a dead worker, after its death was noticed. A poll that the worker left open may be given a
 * task until its connection is closed, which is soon, but need not come before the first look.
 */
const LOOKS_MS = [0, 1_000, 3_000] as const;
/** Longer than the heartbeat timeout of activities, after which Temporal notices by itself. */
const RECENT_MS = 60_000;
/** Sessions read at once, and asked for at once. */
const PAGE = 1_000;
const AT_ONCE = 16;

/** Reports the attempts of dead workers, so that Temporal gives them to living ones at once instead of after a missed heartbeat. */
export interface Takeover {
  start(): void;
  stop(): Promise<void>;
}

/**
 * Attempts are known from two sides. The store names those whose rows are open, with their task tokens. The others, which the worker was
 * given and had not opened, or had committed and not yet reported, only Temporal knows: each session that may have one is asked for.
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
  const failures = new Map<number, number>();
  const stopping = new AbortController();
  const laterLooks = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      for (const worker of await registry.findDead()) await takeOverOrGiveUp(worker);
    } catch (error) {
      log.debug({ err: error }, 'looking for dead workers failed and is repeated');
    }
  }

  /** One worker whose attempts cannot be reported, such as those of a Temporal that was replaced, must not hold up the others for ever. */
  async function takeOverOrGiveUp(worker: DeadWorker): Promise<void> {
    try {
      await takeOver(worker);
      failures.delete(worker.id);
    } catch (error) {
      const failed = (failures.get(worker.id) ?? 0) + 1;
      failures.set(worker.id, failed);
      log.debug({ err: error, worker: worker.name }, 'the attempts of a dead worker could not be reported');
      if (failed < MOST_FAILURES) return;
      failures.delete(worker.id);
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
    await Promise.all(attempts.map((attempt) => fail(attempt.taskToken)));
    const unopened = await release(worker);
    await registry.forget(worker.id);
    const taken = attempts.length + unopened;
    log.warn({ worker: worker.name, attempts: taken }, 'a worker died; its attempts were taken over');
    deps.onTakeover?.(taken);
    const looking = lookAgain(worker).finally(() => laterLooks.delete(looking));
    laterLooks.add(looking);
  }

  /** Asks Temporal for what else the worker was given. Returns how many attempts there were. */
  async function release(worker: DeadWorker): Promise<number> {
    let released = 0;
    for (let after: string | null = null; ;) {
      const sessions: string[] = await upkeep.active(RECENT_MS, after, PAGE);
      const waiting = [...sessions];
      const takeNext = async (): Promise<void> => {
        for (let session = waiting.pop(); session !== undefined; session = waiting.pop())
          released += await engine.releaseAttempts(session, worker.name);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, takeNext));
      after = sessions.at(-1) ?? null;
      if (sessions.length < PAGE) return released;
    }
  }

  async function lookAgain(worker: DeadWorker): Promise<void> {
    let passed = 0;
    for (const at of LOOKS_MS.slice(1)) {
      try {
        await delay(at - passed, undefined, { signal: stopping.signal });
        const released = await release(worker);
        if (released > 0)
          log.info({ worker: worker.name, attempts: released }, 'late attempts were taken over');
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.debug({ err: error, worker: worker.name }, 'Temporal could not be asked for late attempts');
      }
      passed = at;
    }
  }

  /** By token and never by id: an id may by now belong to a later attempt, which would be killed. */
  async function fail(taskToken: Uint8Array): Promise<void> {
    try {
      await client.activity.fail(
        taskToken,
        ApplicationFailure.retryable('the worker process died', 'worker_lost'),
      );
    } catch (error) {
      if (!(error instanceof ActivityNotFoundError)) throw error;
    }
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
      stopping.abort();
      await round;
      await Promise.all(laterLooks);
    },
  };
}
