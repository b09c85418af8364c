import { stepKey, type StepAttempt } from './attempt.ts';
import type { SessionError } from './commit-step.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { IdSource, JournalView } from './view.ts';
import { newEvent } from './wire-event.ts';
import type { JournalWrites } from './writes.ts';

/** How long a step may go on failing: whichever is reached first ends the turn. Design section 7. */
export const RETRY_BUDGET = { failures: 10, milliseconds: 15 * 60 * 1000 } as const;

/**
 * Notes that the provider failed and will be asked again: clients see `session.error` (retrying) and `session.status_rescheduled`;
 * the failure is counted in the step's row, so that a dead worker costs none. `exhausted` means that the budget is gone: the attempt
 * commits the step as exhausted instead. `stale`: another attempt or a settle has the step.
 */
export function rescheduleStep(
  view: JournalView,
  attempt: StepAttempt,
  error: SessionError,
  ids: IdSource,
):
  | { kind: 'rescheduled'; failures: number; writes: JournalWrites }
  | { kind: 'exhausted' | 'stale'; writes: null } {
  const { row } = view;
  if (!row || row.outcome || attempt.step !== view.thread.step + 1 || attempt.fence < row.fence) {
    return { kind: 'stale', writes: null };
  }
  const failures = row.failures + 1;
  const firstFailureAt = row.firstFailureAt ?? view.now;
  if (failures >= RETRY_BUDGET.failures || view.now - firstFailureAt >= RETRY_BUDGET.milliseconds) {
    return { kind: 'exhausted', writes: null };
  }
  const writer = createJournalWriter(view, ids);
  writer.closeSpan(row, true);
  writer.append(newEvent({ id: ids.event(), type: 'session.error', error }));
  writer.rescheduled();
  writer.writeRow({ ...row, span: null, failures, firstFailureAt });
  return { kind: 'rescheduled', failures, writes: writer.finish(stepKey(attempt.threadId, attempt.step)) };
}
