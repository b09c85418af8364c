import type { BufferedMetricUpdate } from '@temporalio/worker';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Where Temporal's SDK leaves what it measured since it was last asked. */
export interface TemporalUpdates {
  retrieveUpdates(): Iterable<BufferedMetricUpdate>;
}

/** The labels that the SDK gives to its metrics; each metric has some of them. */
const LABELS = [
  'namespace',
  'task_queue',
  'worker_type',
  'poller_type',
  'workflow_type',
  'activity_type',
  'eager',
  'failure_reason',
  'operation',
  'status_code',
] as const;
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

type Labels = Partial<Record<(typeof LABELS)[number], string>>;
type Recorder = (labels: Labels, value: number) => void;

/**
 * Puts the metrics of Temporal's SDK into the registry: slots, pollers, the sticky cache, and how long tasks waited for a worker. They
 * keep the SDK's names, which begin with `temporal_`; counters end with `_total` and times are seconds and say so. The SDK's own
 * exporter would open a port of its own, without a key.
 *
 * @returns takes in what was measured; to be called about once a second, since the SDK keeps a bounded number of updates.
 */
export function createTemporalMetrics(registry: Registry, source: TemporalUpdates): () => void {
  const recorders = new Map<string, Recorder>();
  const registers = [registry];

  function make({ name: given, kind, description }: BufferedMetricUpdate['metric']): Recorder {
    const base = given.startsWith('temporal_') ? given : `temporal_${given}`;
    const help = description === undefined || description === '' ? base : description;
    const labelNames = LABELS;
    if (kind === 'counter') {
      const counter = new Counter({ name: `${base}_total`, help, labelNames, registers });
      return (labels, value) => counter.inc(labels, value);
    }
    if (kind === 'histogram') {
      const name = base.endsWith('_latency') ? `${base}_seconds` : base;
      const histogram = new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
      return (labels, value) => histogram.observe(labels, value);
    }
    const gauge = new Gauge({ name: base, help, labelNames, registers });
    return kind === 'gauge'
      ? (labels, value) => gauge.set(labels, value)
      : (labels, value) => gauge.inc(labels, value);
  }

  return () => {
    for (const { metric, value, attributes } of source.retrieveUpdates()) {
      const recorder = recorders.get(metric.name) ?? make(metric);
      recorders.set(metric.name, recorder);
      const labels: Labels = {};
      for (const name of LABELS) {
        const label = attributes[name];
        if (label !== undefined) labels[name] = String(label);
      }
      recorder(labels, value);
    }
  };
}
