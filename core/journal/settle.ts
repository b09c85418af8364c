import { stepKey, type StepAttempt } from './attempt.ts';
import { callStates, unanswered } from './call-states.ts';
import { STALE, standing, told, type Decision } from './decision.ts';
import { createJournalWriter, waitingIds } from './journal-writer.ts';
import type { StepOutcome } from './outcome.ts';
import type { IdSource, JournalView } from './view.ts';
import { newEvent } from './wire-event.ts';

/** Why the workflow settles: an interrupt, calls that wait for somebody, retries exhausted, or a turn to be ended. */
export type SettleReason = 'interrupt' | 'requires_action' | 'exhausted' | 'end';

export interface SettleAttempt extends StepAttempt {
  reason: SettleReason;
  /** What clients are told as `session.error`, when a step failed for good. */
  failure: string | null;
}

/**
 * Brings the session to rest: seals what is open, stamps what cannot start anything, and writes the idle, unless the row already
 * shows the same one. An ordinary step with a number of its own; after a cancel it takes the cancelled model step's number, and its
 * outcome closes that row.
 */
export function settle(view: JournalView, attempt: SettleAttempt, ids: IdSource): Decision {
  const { thread, row } = view;
  if (attempt.step === thread.step && row?.outcome) return standing(row.outcome);
  if (attempt.step !== thread.step + 1) return told({ kind: 'behind' });
  const writer = createJournalWriter(view, ids);
  if (row) {
    if (attempt.fence < row.fence) return STALE;
    writer.closeSpan(row, true);
  }
  if (attempt.failure !== null) {
    const error = {
      type: 'unknown_error',
      message: attempt.failure,
      retry_status: { type: 'exhausted' },
    } as const;
    writer.append(newEvent({ id: ids.event(), type: 'session.error', error }));
  }
  const opened = view.calls.filter((call) => call.row !== null).map((call) => call.id);
  const interrupts = view.queue.filter((event) => event.type === 'user.interrupt');
  let kill: string[];
  let more: boolean;

  if (interrupts.length > 0 || attempt.reason === 'exhausted') {
    const cut = interrupts.at(-1)?.arrival ?? view.head.lastArrival;
    kill = opened;
    // A message that an interrupt overtakes before its turn began still gets a turn: whoever sent it waits for an idle.
    const overtaken = writer.queue.some((event) => event.type === 'user.message' && event.arrival <= cut);
    if (overtaken && writer.stop?.type !== 'requires_action') writer.running();
    writer.seal(writer.calls, 'as-is');
    for (const event of writer.queue) {
      if (event.arrival <= cut || event.type === 'user.tool_confirmation') writer.stamp(event);
    }
    if (interrupts.length > 0) writer.endTrace('interrupted');
    if (writer.status !== 'idle' || writer.stop?.type === 'requires_action') {
      writer.idle({ type: interrupts.length > 0 ? 'end_turn' : 'retries_exhausted' });
    }
    if (interrupts.length === 0) writer.setOwed(false);
    more = writer.queue.length > 0;
  } else {
    kill = opened.filter((id) => attempt.seals.includes(id));
    writer.seal(
      writer.calls.filter((call) => attempt.seals.includes(call.id)),
      'as-is',
    );
    const known = new Set(writer.calls.map((call) => call.id));
    for (const event of writer.queue) {
      const settled = event.type === 'user.tool_confirmation' && !known.has(event.ref ?? '');
      if (settled || event.type.startsWith('internal.')) writer.stamp(event);
    }
    if (callStates(writer.calls).some((call) => call.state === 'run')) {
      more = true;
    } else if (unanswered(writer.calls).length > 0) {
      writer.deny('as-is');
      writer.idle({ type: 'requires_action', event_ids: waitingIds(writer.calls) });
      more = false;
    } else {
      more = writer.queue.length > 0 || writer.owed;
      if (!more && writer.status !== 'idle') writer.idle({ type: 'end_turn' });
    }
  }

  const outcome: StepOutcome = {
    kind: 'settled',
    more,
    calls: callStates(writer.calls),
    arrived: view.head.lastArrival,
    kill,
  };
  writer.advance(attempt.step);
  const key = stepKey(attempt.threadId, attempt.step);
  writer.writeRow({
    key,
    fence: attempt.fence,
    through: row?.through ?? view.head.lastSeq,
    arrived: view.head.lastArrival,
    span: null,
    failures: row?.failures ?? 0,
    firstFailureAt: row?.firstFailureAt ?? null,
    outcome,
  });
  return told(outcome, writer.finish(key));
}
