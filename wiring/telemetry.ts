import type { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createMetrics, type Metrics } from '../providers/telemetry/metrics.ts';
import { startMetricsServer } from '../providers/telemetry/metrics-server.ts';
import { startTracing } from '../providers/telemetry/tracing.ts';
import { diskReserve } from './disk-reserve.ts';
import { VERSION } from './version.ts';

/** What a process tells of itself, besides its log. */
export interface Telemetry {
  metrics: Metrics;
  /** Whether a collector of traces is configured; then the rest is for Temporal's clients and workers, and for the workflow bundle. */
  traced: boolean;
  plugins: OpenTelemetryPlugin[];
  workflowModules: string[];
  close(): Promise<void>;
}

/**
 * Starts metrics, and traces where a collector is configured. A worker serves its metrics itself; the api has a route. Call it before
 * anything that is to be traced is made.
 */
export async function startTelemetry(
  config: Config,
  log: Logger,
  part: 'api' | 'worker',
): Promise<Telemetry> {
  const { otlp_endpoint: endpoint, service_name: serviceName } = config.telemetry;
  const metrics = createMetrics(part);
  const reserve = diskReserve(config);
  metrics.readDisk(() => reserve.look());
  const tracing = endpoint === null ? null : startTracing(endpoint, { serviceName, part, version: VERSION });
  const closeServer = part === 'worker' ? await serveMetrics(config, log, metrics) : null;
  return {
    metrics,
    traced: tracing !== null,
    plugins: tracing ? [tracing.plugin] : [],
    workflowModules: tracing ? [tracing.workflowModule] : [],
    async close() {
      await closeServer?.();
      await tracing?.close();
    },
  };
}

/** A taken port costs the metrics, not the worker. */
async function serveMetrics(
  config: Config,
  log: Logger,
  metrics: Metrics,
): Promise<(() => Promise<void>) | null> {
  if (!config.telemetry.metrics) return null;
  const { worker_host: host, worker_port: port } = config.telemetry;
  try {
    const server = await startMetricsServer(metrics, { host, port });
    log.info({ url: server.url }, 'the worker serves its metrics');
    return () => server.close();
  } catch (error) {
    log.error({ err: error, host, port }, 'the metrics cannot be served: telemetry.worker_host, worker_port');
    return null;
  }
}
