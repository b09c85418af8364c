import { collectDefaultMetrics, Registry } from 'prom-client';
import { MODEL_ERROR_CODES } from '../../core/errors.ts';
import type { DiskRoom } from '../disk/disk-reserve.ts';
import { FAULT_REASONS, FAULT_STORES, onStorageFault } from '../disk/storage-fault.ts';
import type { StoreGauges } from '../store/store-gauges.ts';
import { inTime } from '../health/in-time.ts';
import { createHostMetrics, NO_HOST_METRICS, type HostMetrics } from './host-metrics.ts';
import { createMetricMakers } from './metric-makers.ts';
import { createTemporalMetrics, type TemporalUpdates } from './temporal-metrics.ts';
import { createRemovedMetric, type CountRemoved } from './removed-metric.ts';
import { SPAN_LOSSES, type SpanLoss } from './span-sender.ts';

/** How a piece of work ended: `ok`, `error`, or the code of the error. */
export type Outcome = string;

/** What the service counts and times. Recording is cheap, never throws and never waits. */
export interface Metrics {
  /** One HTTP request. `route` is the path with its parameters unnamed, never the path itself: that would be a series per session. */
  request(done: { method: string; route: string; status: number; seconds: number }): void;
  /** Reads how many event streams are open whenever the metrics are asked for. */
  readStreams(open: () => number): void;
  /** One request to a model: how long it took, and until its first text or thinking. */
  modelRequest(done: {
    provider: string;
    model: string;
    outcome: Outcome;
    seconds: number;
    firstPartSeconds: number | null;
  }): void;
  /** Tokens of a complete response. */
  modelTokens(
    of: { provider: string; model: string },
    usage: { input: number; output: number; cacheRead: number; cacheWrite: number },
  ): void;
  /** A model request that failed and will be sent again; `code` is that of the error. */
  modelRetry(code: string): void;
  /** A turn that ended with an error; `code` is that of the error, or its type. */
  turnFailure(code: string): void;
  /** One tool call. The caller bounds how many names there are. */
  toolCall(done: { tool: string; outcome: Outcome; seconds: number }): void;
  /** Attempts of a dead worker that were given to living ones. */
  takeover(attempts: number): void;
  /** Spans that did not reach the collector of traces. */
  spansLost(reason: SpanLoss, spans: number): void;
  /** Of the host of sandboxes that the process is part of. */
  readonly hosts: HostMetrics;
  /** What went because it has outlived its time. */
  readonly removed: CountRemoved;
  /** Adds gauges that are read from the store whenever the metrics are asked for. A failure, or a long wait, shows as `store_up` 0. */
  readStore(read: () => Promise<StoreGauges>): void;
  /** Adds gauges of the disk with the least room, read whenever the metrics are asked for. */
  readDisk(look: () => DiskRoom): void;
  /** Adds gauges of the pool of connections to PostgreSQL, read whenever the metrics are asked for. */
  readPool(pool: {
    readonly totalCount: number;
    readonly idleCount: number;
    readonly waitingCount: number;
  }): void;
  /** Adds what Temporal's SDK measures, which is taken once a second from now on. */
  readTemporal(source: TemporalUpdates): void;
  /** In the format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const MODEL_SECONDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 900, 1_800];
const TOOL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800];

/** Longest a scrape waits for the store: less than the ten seconds after which Prometheus takes the whole process for down. */
const STORE_MS = 5_000;

/** How often what Temporal's SDK measured is taken: it keeps a bounded number of updates. */
const TEMPORAL_MS = 1_000;

/** @param part - `api` or `worker`: a label on every series, so that one Prometheus holds both. */
export function createMetrics(part: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ part });
  collectDefaultMetrics({ register: registry });
  // Gauges that are named as counters; the same numbers are there by type.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
  const reads: (() => Promise<void>)[] = [];
  const makers = createMetricMakers(registry, (read) => void reads.push(read));
  const { histogram, counter, gauge } = makers;

  const requests = histogram(
    'http_request_duration_seconds',
    'HTTP requests, until their answer was complete.',
    ['method', 'route', 'status'],
    REQUEST_SECONDS,
  );
  const modelLabels = ['provider', 'model', 'outcome'] as const;
  const modelRequests = histogram(
    'model_request_duration_seconds',
    'Requests to models, until their end.',
    modelLabels,
    MODEL_SECONDS,
  );
  const firstParts = histogram(
    'model_first_part_seconds',
    'Requests to models, until their first text or thinking.',
    ['provider', 'model'],
    MODEL_SECONDS,
  );
  const tokens = counter('model_tokens_total', 'Tokens of complete responses.', [
    'provider',
    'model',
    'kind',
  ]);
  const retries = counter('model_retries_total', 'Model requests that failed and were to be sent again.', [
    'code',
  ]);
  const failures = counter('turn_failures_total', 'Turns that ended with an error.', ['code']);
  const isWorker = part === 'worker';
  if (isWorker) for (const code of MODEL_ERROR_CODES) failures.inc({ code }, 0);
  const tools = histogram('tool_call_duration_seconds', 'Tool calls.', ['tool', 'outcome'], TOOL_SECONDS);
  const faults = counter('storage_errors_total', 'Writes that failed for want of room on a disk.', [
    'store',
    'reason',
  ]);
  // A series that begins with its first failure has not increased for Prometheus, and alerts nobody: it begins with 0.
  for (const store of FAULT_STORES) for (const reason of FAULT_REASONS) faults.inc({ store, reason }, 0);
  onStorageFault((fault) => faults.inc({ ...fault }));
  const takeovers = counter('takeovers_total', 'Attempts of dead workers given to living ones.', []);
  const spans = counter('spans_lost_total', 'Spans that did not reach the collector of traces.', ['reason']);
  for (const reason of SPAN_LOSSES) spans.inc({ reason }, 0);

  return {
    contentType: registry.contentType,
    hosts: isWorker ? createHostMetrics(makers) : NO_HOST_METRICS,
    removed: createRemovedMetric(makers),
    request: ({ method, route, status, seconds }) =>
      requests.observe({ method, route, status: String(status) }, seconds),
    readStreams(open) {
      const streams = gauge('event_streams', 'Event streams that are open.', []);
      reads.push(async () => streams.set(open()));
    },
    modelRequest({ provider, model, outcome, seconds, firstPartSeconds }) {
      modelRequests.observe({ provider, model, outcome }, seconds);
      if (firstPartSeconds !== null) firstParts.observe({ provider, model }, firstPartSeconds);
    },
    modelTokens(of, { input, output, cacheRead, cacheWrite }) {
      tokens.inc({ ...of, kind: 'input' }, input);
      tokens.inc({ ...of, kind: 'output' }, output);
      tokens.inc({ ...of, kind: 'cache_read' }, cacheRead);
      tokens.inc({ ...of, kind: 'cache_write' }, cacheWrite);
    },
    modelRetry: (code) => retries.inc({ code }),
    turnFailure: (code) => failures.inc({ code }),
    toolCall: ({ tool, outcome, seconds }) => tools.observe({ tool, outcome }, seconds),
    takeover: (attempts) => takeovers.inc(attempts),
    spansLost: (reason, count) => spans.inc({ reason }, count),
    readStore(read) {
      const up = gauge('store_up', 'Whether the gauges of the store could be read.', []);
      const sessions = gauge('sessions', 'Sessions by state.', ['state']);
      const hosts = gauge('sandbox_hosts', 'Hosts of sandboxes by state.', ['state']);
      const placed = gauge('sandbox_host_sessions', 'Sessions whose sandbox is on the host.', ['host']);
      const saved = gauge('checkpoints', 'Sessions that have a checkpoint.', []);
      const queued = gauge('queued_events', 'Accepted events that have not taken effect.', []);
      const oldest = gauge('oldest_queued_event_seconds', 'Age of the oldest of them.', []);
      // The same from every api, so they are not to be added up.
      const used = counter('workspace_tokens_total', 'Tokens of committed steps.', ['workspace', 'kind']);
      const cost = counter('workspace_cost_usd_total', 'Their list price in US dollars.', ['workspace']);
      reads.push(async () => {
        const gauges = await inTime(read, () => null, STORE_MS).catch(() => null);
        for (const labelled of [sessions, hosts, placed]) labelled.reset();
        up.set(gauges ? 1 : 0);
        for (const [state, count] of gauges?.sessions ?? []) sessions.set({ state }, count);
        for (const [state, count] of gauges?.hosts ?? []) hosts.set({ state }, count);
        for (const [host, count] of gauges?.hostSessions ?? []) placed.set({ host }, count);
        if (gauges !== null) for (const total of [used, cost]) total.reset();
        for (const [workspace, usage] of gauges?.workspaces ?? []) {
          used.inc({ workspace, kind: 'input' }, usage.input);
          used.inc({ workspace, kind: 'output' }, usage.output);
          used.inc({ workspace, kind: 'cache_read' }, usage.cacheRead);
          used.inc({ workspace, kind: 'cache_write' }, usage.cacheWrite);
          cost.inc({ workspace }, usage.costUsd);
        }
        saved.set(gauges?.checkpoints ?? Number.NaN);
        queued.set(gauges?.queuedEvents ?? Number.NaN);
        oldest.set(gauges?.oldestQueuedSeconds ?? Number.NaN);
      });
    },
    readDisk(look) {
      const free = gauge('disk_free_bytes', 'Free on the disk with the least room that is written to.', []);
      const kept = gauge('disk_reserve_bytes', 'What is kept of it for the database.', []);
      const low = gauge(
        'disk_low',
        '1: no sandbox is started and no file stored; 2: commands that write are ended as well.',
        [],
      );
      reads.push(async () => {
        const { state, freeBytes, reserveBytes } = look();
        free.set(freeBytes);
        kept.set(reserveBytes);
        low.set({ ample: 0, low: 1, reserve: 2 }[state]);
      });
    },
    readPool(pool) {
      const connections = gauge('store_connections', 'Connections to PostgreSQL in the pool.', ['state']);
      const waiting = gauge('store_connection_waiters', 'Work that waits for one.', []);
      reads.push(async () => {
        connections.set({ state: 'idle' }, pool.idleCount);
        connections.set({ state: 'used' }, pool.totalCount - pool.idleCount);
        waiting.set(pool.waitingCount);
      });
    },
    readTemporal(source) {
      const take = createTemporalMetrics(registry, source);
      setInterval(take, TEMPORAL_MS).unref();
      reads.push(async () => take());
    },
    async text() {
      await Promise.all(reads.map((read) => read()));
      return registry.metrics();
    },
  };
}
