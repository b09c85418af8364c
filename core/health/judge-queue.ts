import type { PartReport } from './part-report.ts';

/** What was accepted and has not taken effect. */
export interface QueueSeen {
  /** All of it: what waits for the end of a turn, or for a person's answer, included. */
  queued: number;
  /** Since the oldest of those was accepted that nothing holds up; 0 when there is none. */
  oldestSeconds: number;
}

/** What nothing holds up takes effect within a second; after this somebody should look. */
const LATE_SECONDS = 30;

/** Whether messages are taken in time. */
export function judgeQueue({ queued, oldestSeconds }: QueueSeen): PartReport {
  const figures = { queued, oldest_seconds: Math.round(oldestSeconds * 10) / 10 };
  if (oldestSeconds < LATE_SECONDS) return { state: 'ok', figures };
  return {
    state: 'degraded',
    detail: `The oldest message that nothing holds up was accepted ${Math.round(oldestSeconds)} s ago. Look at the brains, at Temporal, and at the worker's log.`,
    figures,
  };
}
