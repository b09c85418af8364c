import { ApplicationFailure } from '@temporalio/common';

const REASONS = {
  worker_lost: 'the worker process died',
  worker_stops: 'the worker stops',
  task_lost: 'it was lost on its way to or from the worker',
} as const;

/**
 * What ends an attempt that is lost through no fault of the call. The next one follows at once, however often that has happened:
 * Temporal doubles the pause with every attempt, so that a command which outlives several workers would wait for ten seconds after each.
 */
export function lostAttempt(type: keyof typeof REASONS): ApplicationFailure {
  return ApplicationFailure.create({ type, message: REASONS[type], nextRetryDelay: '50ms' });
}
