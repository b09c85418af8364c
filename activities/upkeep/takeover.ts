import { ActivityNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import type { DeadWorker, WorkerRegistry } from '../../providers/store/worker-registry.ts';
import type { Upkeep } from '../../providers/store/upkeep.ts';

/** Between two looks for dead workers. */
const PERIOD_MS = 500;

/** Tries to report the attempts of one dead worker: half a minute of them. */
const MOST_FAILURES = 60;

/** Reports the attempts of dead workers, so that Temporal gives them to living ones at once instead of after a missed heartbeat. */
export interface Takeover {
  start(): void;
  stop(): Promise<void>;
}

export function createTakeover(deps: {
  registry: WorkerRegistry;
  upkeep: Upkeep;
  client: Client;
  log: Logger;
  onTakeover?: (attempts: number) => void;
}): Takeover {
  const { registry, upkeep, client, log } = deps;
  const failures = new Map<number, number>();
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
    await registry.forget(worker.id);
    log.warn(
      { worker: worker.name, attempts: attempts.length },
      'a worker died; its attempts were taken over',
    );
    deps.onTakeover?.(attempts.length);
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

  return {
    start() {
      timer = setInterval(() => {
        round ??= look().finally(() => {
          round = undefined;
        });
      }, PERIOD_MS);
    },
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}
