import { Registry } from 'prom-client';
import type { BufferedMetricUpdate } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { createTemporalMetrics } from './temporal-metrics.ts';

function update(
  name: string,
  kind: BufferedMetricUpdate['metric']['kind'],
  value: number,
  attributes: BufferedMetricUpdate['attributes'],
): BufferedMetricUpdate {
  return { metric: { name, kind, valueType: 'int', description: `what ${name} is` }, value, attributes };
}

it('show what the SDK measured: counters add up, gauges are as last, times are seconds in buckets', async () => {
  const registry = new Registry();
  const queue = { namespace: 'default', task_queue: 'q' };
  const rounds = [
    [
      update('temporal_sticky_cache_hit', 'counter', 2, queue),
      update('temporal_worker_task_slots_used', 'gauge', 7, { ...queue, worker_type: 'ActivityWorker' }),
      update('temporal_activity_schedule_to_start_latency', 'histogram', 0.02, queue),
    ],
    [
      update('temporal_sticky_cache_hit', 'counter', 3, { ...queue, not_known: 'x' }),
      update('temporal_worker_task_slots_used', 'gauge', 4, { ...queue, worker_type: 'ActivityWorker' }),
      update('temporal_activity_schedule_to_start_latency', 'histogram', 40, queue),
    ],
  ];
  const take = createTemporalMetrics(registry, { retrieveUpdates: () => rounds.shift() ?? [] });
  for (let round = 0; round < 3; round++) take();
  const text = await registry.metrics();
  const labels = 'namespace="default",task_queue="q"';
  for (const line of [
    '# HELP temporal_sticky_cache_hit_total what temporal_sticky_cache_hit is',
    `temporal_sticky_cache_hit_total{${labels}} 5`,
    `temporal_worker_task_slots_used{${labels},worker_type="ActivityWorker"} 4`,
    `temporal_activity_schedule_to_start_latency_seconds_count{${labels}} 2`,
    `temporal_activity_schedule_to_start_latency_seconds_bucket{le="0.025",${labels}} 1`,
    `temporal_activity_schedule_to_start_latency_seconds_bucket{le="60",${labels}} 2`,
  ]) {
    expect(text).toContain(line);
  }
});
