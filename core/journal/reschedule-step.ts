import { stepKey, type StepAttempt } from './attempt.ts';
import type { SessionError } from './session-error.ts';
import { detourText, journalDetour } from './detour.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { LostUsage } from './span-detail.ts';
import type { IdSource, JournalView, StepRow } from './view.ts';
import { newEvent } from './wire-event.ts';
import type { JournalWrites } from './writes.ts';

/** How long a step may go on failing: whichever is reached first ends the turn. */
export const RETRY_BUDGET = { failures: 10, milliseconds: 15 * 60 * 1000 } as const;

/** What an attempt found out about the provider. */
export interface StepFailure {
  /** The model that failed. */
  model: string;
  /** Whether the same request may succeed later. */
  retry: 'later' | 'never';
  /** What the attempt's requests have used all the same. */
  lost: LostUsage | null;
  /** How clients are told of it. */
  error(retry: 'retrying' | 'exhausted', also?: string): SessionError;
  /** The model to go on with instead, and after how many failures of this one; null: there is none. */
  fallback: { model: string; afterFailures: number } | null;
}

export type AfterFailure =
  /** The same model is asked again, after a wait. */
  | { kind: 'rescheduled'; failures: number; writes: JournalWrites }
  /** Another model is asked next. */
  | { kind: 'moved'; model: string; writes: JournalWrites }
  /** The attempt commits the step as exhausted. */
  | { kind: 'exhausted'; writes: null }
  /** Another attempt or a settle has the step. */
  | { kind: 'stale'; writes: null };

/**
 * Notes that the provider failed. While it is to be asked again, clients see `session.error` (retrying) and
 * `session.status_rescheduled`; the failure is counted in the step's row, so that a dead worker costs none. When the retries are used
 * up and another model stands by, the turn moves to it: clients see `session.error` (retrying) that names it, and the step goes on in
 * its row with a count of its own, so that whichever attempt comes next asks that model.
 */
export function rescheduleStep(
  view: JournalView,
  attempt: StepAttempt,
  failure: StepFailure,
  ids: IdSource,
): AfterFailure {
  const { row } = view;
  if (!row || row.outcome || attempt.step !== view.thread.step + 1 || attempt.fence < row.fence) {
    return { kind: 'stale', writes: null };
  }
  const failures = row.failures + 1;
  const firstFailureAt = row.firstFailureAt ?? view.now;
  const late = view.now - firstFailureAt >= RETRY_BUDGET.milliseconds;
  const { fallback } = failure;
  const usedUp =
    failure.retry === 'never' || late || failures >= (fallback?.afterFailures ?? RETRY_BUDGET.failures);
  if (usedUp) {
    return fallback === null
      ? { kind: 'exhausted', writes: null }
      : move(view, attempt, row, failure, fallback.model, ids);
  }
  const writer = createJournalWriter(view, ids);
  writer.failSpan(row, failure.lost);
  writer.append(newEvent({ id: ids.event(), type: 'session.error', error: failure.error('retrying') }));
  writer.rescheduled();
  writer.writeRow({ ...row, span: null, failures, firstFailureAt });
  return { kind: 'rescheduled', failures, writes: writer.finish(stepKey(attempt.threadId, attempt.step)) };
}

function move(
  view: JournalView,
  attempt: StepAttempt,
  row: StepRow,
  failure: StepFailure,
  model: string,
  ids: IdSource,
): AfterFailure {
  const writer = createJournalWriter(view, ids);
  writer.failSpan(row, failure.lost);
  journalDetour(
    writer,
    { failed: failure.model, model, error: failure.error('retrying', detourText(model)) },
    ids,
  );
  writer.writeRow({ ...row, span: null, failures: 0, firstFailureAt: null });
  return { kind: 'moved', model, writes: writer.finish(stepKey(attempt.threadId, attempt.step)) };
}
