import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { toDiskFull } from '../providers/disk/storage-fault.ts';
import { createTemporalEngine, type TemporalEngine } from '../providers/engine/temporal-engine.ts';

/** What starts and signals sessions on Temporal. */
export function sessionEngine(config: Config, client: Client, log: Logger): TemporalEngine {
  return createTemporalEngine(
    client,
    {
      taskQueue: config.temporal.task_queue,
      handsTaskQueue: config.temporal.hands_task_queue,
      historyBudget: config.session.history_budget,
      signalBudget: config.session.signal_budget,
    },
    (error) => {
      const full = toDiskFull(error, 'temporal');
      log.warn({ err: full ?? error }, 'Temporal did not take a call; the sweeper repeats it');
    },
  );
}
