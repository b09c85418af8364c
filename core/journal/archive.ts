import { AppError } from '../errors.ts';
import { isBusy } from './busy.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { IdSource, JournalView } from './view.ts';
import { newEvent } from './wire-event.ts';
import type { JournalWrites } from './writes.ts';

/** The internal row that tells the workflow to end. */
export const CLOSE = 'internal.close';

/**
 * Ends a session for good: journals its termination, behind messages that were held, and leaves an internal row, so that the workflow
 * hears of it.
 *
 * @throws `invalid_request` while the session is busy.
 */
export function archive(view: JournalView, ids: IdSource): JournalWrites {
  refuseBusy(view, 'archived');
  const writer = createJournalWriter(view, ids);
  const thread = { session_thread_id: view.thread.id, agent_name: view.thread.agentName };
  // Streams end with the termination, so nothing may follow it in the log.
  for (const event of writer.queue) writer.stamp(event);
  writer.append(newEvent({ id: ids.event(), type: 'session.thread_status_terminated', ...thread }));
  writer.append(newEvent({ id: ids.event(), type: 'session.status_terminated' }));
  writer.archive();
  writer.enqueue({ id: ids.event(), type: CLOSE, body: {} });
  return writer.finish(null);
}

/** @throws `invalid_request` while the session is busy. `verb` completes "cannot be ...". */
export function refuseBusy(view: JournalView, verb: string): void {
  if (!isBusy(view)) return;
  throw new AppError(
    'invalid_request',
    `The session is running and cannot be ${verb}. Interrupt it and wait until it is idle.`,
  );
}
