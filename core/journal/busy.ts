import { unanswered } from './call-states.ts';
import type { CallView, QueuedEvent, SessionStatus } from './view.ts';

/** Whether a queued event is a message: it waits behind unanswered calls, everything else takes effect at once. */
export function isMessage(type: string): boolean {
  return type === 'user.message' || type === 'system.message';
}

/**
 * Whether a session has work: it is running or rescheduling, or something is queued, save messages held behind an unanswered call.
 * `GET` shows a busy idle session as running; archive, delete and agent updates are refused while it is.
 */
export function isBusy(view: {
  head: { status: SessionStatus };
  queue: readonly QueuedEvent[];
  calls: readonly CallView[];
}): boolean {
  if (view.head.status === 'terminated') return false;
  if (view.head.status === 'running' || view.head.status === 'rescheduling') return true;
  if (view.queue.some((event) => !isMessage(event.type))) return true;
  return view.queue.length > 0 && unanswered(view.calls).length === 0;
}
