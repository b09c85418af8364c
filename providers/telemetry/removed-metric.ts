import type { MetricMakers } from './metric-makers.ts';

/** What goes because it has outlived its time, or because nothing needs it any more. */
export type Removed =
  | 'archived_sessions'
  | 'idle_sessions'
  | 'waiting_sessions'
  | 'outputs'
  | 'checkpoints'
  | 'expired_files'
  | 'blobs'
  | 'sandboxes';

/** Counts what was removed. Cheap, never throws and never waits. */
export type CountRemoved = (what: Removed, count: number) => void;

export function createRemovedMetric({ counter }: Pick<MetricMakers, 'counter'>): CountRemoved {
  const removed = counter(
    'retention_removed_total',
    'What was removed by its age, or because nothing needs it.',
    ['what'],
  );
  return (what, count) => removed.inc({ what }, count);
}
