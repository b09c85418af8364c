import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { lostAttempt } from '../providers/engine/lost-attempt.ts';
import type { Claim } from '../providers/store/journal.ts';
import { withLogContext } from '../providers/telemetry/log-context.ts';
import { toFailure } from './failures.ts';

/** How often an activity tells Temporal that it lives, all the time it runs. */
const HEARTBEAT_MS = 5_000;

/** One attempt of an activity, as Temporal scheduled it. */
export interface AttemptContext {
  /** Grows from attempt to attempt: the attempt's scheduled time, microseconds. */
  fence: number;
  /** 1 for the first attempt. */
  attempt: number;
  claim: Claim;
  /** Aborts when Temporal cancels the attempt or the worker stops. */
  signal: AbortSignal;
  /** Whether Temporal asked for the cancellation; else the worker stops, and another one takes the attempt over. */
  cancelRequested(): boolean;
}

/**
 * Runs an activity's body with heartbeats from the first moment to the last, and translates what it throws. The attempt number is part
 * of the fence, so that two attempts scheduled within one millisecond still differ.
 */
export async function withAttempt<T>(
  worker: string,
  body: (context: AttemptContext) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { info } = context;
  const cancelRequested = (): boolean => context.cancellationDetails?.cancelRequested === true;
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    const attempt: AttemptContext = {
      fence: info.currentAttemptScheduledTimestampMs * 1_000 + Math.min(info.attempt, 999),
      attempt: info.attempt,
      claim: { worker, taskToken: info.taskToken },
      signal: context.cancellationSignal,
      cancelRequested,
    };
    // A session's workflow is named after it.
    const sessionId = info.workflowExecution?.workflowId;
    const fields = sessionId === undefined ? {} : { session_id: sessionId };
    return await withLogContext(fields, async () => body(attempt));
  } catch (error) {
    if (context.cancellationSignal.aborted && isAbort(error, context.cancellationSignal)) {
      // Temporal takes a cancellation only where it asked for one; a worker that stops hands the attempt back instead.
      if (!cancelRequested()) {
        throw lostAttempt('worker_stops');
      }
      throw new CancelledFailure(`cancelled: ${String(context.cancellationSignal.reason)}`);
    }
    throw toFailure(error);
  } finally {
    clearInterval(timer);
  }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}
