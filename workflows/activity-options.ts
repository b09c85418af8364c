import { workflowInfo, type ActivityOptions } from '@temporalio/workflow';
import { controlQueue } from '../core/session/control-queue.ts';

/**
 * How activities are timed and retried. Attempts are unlimited where a retry is safe by its step row; a lost worker is noticed by its
 * heartbeat at the latest, and usually reported much sooner by the takeover of another worker.
 */
const RETRY = { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '10s' } as const;

export const MODEL_CALL: ActivityOptions = {
  startToCloseTimeout: '30m',
  heartbeatTimeout: '15s',
  retry: RETRY,
  cancellationType: 'TRY_CANCEL',
};

/** A command may name at most 30 minutes; the rest is for starting the sandbox and for the commit. */
export const TOOL_CALL: ActivityOptions = {
  startToCloseTimeout: '40m',
  heartbeatTimeout: '15s',
  retry: RETRY,
  cancellationType: 'TRY_CANCEL',
};

/** Of the short steps of the store, which have a queue of their own. */
export function bookkeeping(): ActivityOptions {
  return { startToCloseTimeout: '10s', retry: RETRY, taskQueue: controlQueue(workflowInfo().taskQueue) };
}

/** Not waited for, and pointless for ever: the sandbox may be gone with its host. */
export const KILL: ActivityOptions = {
  startToCloseTimeout: '30s',
  retry: { ...RETRY, maximumAttempts: 20 },
};
