import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createMetrics, type Metrics } from '../providers/telemetry/metrics.ts';
import { startMetricsServer, type ServedByWorker } from '../providers/telemetry/metrics-server.ts';
import { startTracing } from '../providers/telemetry/tracing.ts';
import { diskReserve } from './disk-reserve.ts';
import { VERSION } from './version.ts';
import type { WorkerHealth } from './worker-health.ts';

/** What a process tells of itself, besides its log. */
export interface Telemetry {
  metrics: Metrics;
  /** Whether a collector of traces is configured. */
  traced: boolean;
  /** For the client with which requests call Temporal. */
  interceptors: WorkflowClientInterceptor[];
  close(): Promise<void>;
}

/**
 * Starts metrics, and traces where a collector is configured. Call it before anything that is to be traced is made.
 *
 * @param health - of a worker, which serves it together with its metrics; the api has routes for both.
 */
export async function startTelemetry(
  config: Config,
  log: Logger,
  part: 'api' | 'worker',
  health: Pick<WorkerHealth, 'readiness' | 'status'> | null = null,
  portRetryMs: number = PORT_RETRY_MS,
): Promise<Telemetry> {
  const { otlp_endpoint: endpoint, service_name: serviceName } = config.telemetry;
  const metrics = createMetrics(part);
  const reserve = diskReserve(config);
  metrics.readDisk(() => reserve.look());
  const watch = { log, count: metrics.spansLost };
  const options = { serviceName, part, version: VERSION };
  const tracing = endpoint === null ? null : startTracing(endpoint, options, watch);
  if (endpoint !== null && tracing === null) log.info('OTEL_SDK_DISABLED: there are no traces');
  const closeServer = health === null ? null : await serve(config, log, { ...health, metrics }, portRetryMs);
  return {
    metrics,
    traced: tracing !== null,
    interceptors: tracing ? [tracing.interceptor] : [],
    async close() {
      await closeServer?.();
      await tracing?.close();
    },
  };
}

/** The worker before this one may have the port until it has drained. */
const PORT_RETRY_MS = 5_000;

/** A taken port costs what is served there, not the worker; it is tried again until it is free. */
async function serve(
  config: Config,
  log: Logger,
  served: ServedByWorker,
  retryMs: number,
): Promise<() => Promise<void>> {
  const { worker_host: host, worker_port: port, metrics: isMeasured } = config.telemetry;
  const metrics = isMeasured ? served.metrics : null;
  const closing = new AbortController();
  let isToldOf = false;
  let timer: NodeJS.Timeout | undefined;
  let close = async (): Promise<void> => undefined;

  async function listen(): Promise<void> {
    try {
      const server = await startMetricsServer({ ...served, metrics }, { host, port });
      if (closing.signal.aborted) return server.close();
      close = () => server.close();
      log.info({ url: server.url }, 'the worker serves its metrics');
    } catch (error) {
      if (!isToldOf)
        log.error(
          { err: error, host, port },
          'metrics and probes of this worker cannot be served until its address is free: telemetry.worker_host, worker_port',
        );
      isToldOf = true;
      if (!closing.signal.aborted) timer = setTimeout(() => void listen(), retryMs).unref();
    }
  }

  await listen();
  return async () => {
    closing.abort();
    clearTimeout(timer);
    await close();
  };
}
