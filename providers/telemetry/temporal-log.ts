import { DefaultLogger, makeTelemetryFilterString, MetricsBuffer, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { toLogFields } from './log-keys.ts';

/** How Temporal's levels are called here. */
const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;

/** Updates of metrics that the SDK keeps until they are taken, which happens once a second. */
const KEPT_UPDATES = 50_000;

/**
 * Sends what Temporal's SDK logs to the log of this process, its chatter as `debug`, and has it measure itself. Call it once, before
 * anything of Temporal's worker is used.
 *
 * @returns what the SDK measures, to be taken regularly.
 */
export function observeTemporal(log: Logger): MetricsBuffer {
  const buffer = new MetricsBuffer({ maxBufferSize: KEPT_UPDATES, useSecondsForDurations: true });
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      const { workflowId, error, ...rest } = (meta ?? {}) as Record<string, unknown>;
      log[LEVELS[level]](
        toLogFields({
          ...rest,
          // A session's workflow is named after it.
          ...(workflowId === undefined ? {} : { session: workflowId }),
          ...(error === undefined ? {} : { err: error }),
        }),
        message,
      );
    }),
    // Signals are ours to handle: see `runUntilStopped`.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
      metrics: { buffer, attachServiceName: false },
    },
  });
  return buffer;
}
