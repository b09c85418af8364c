import { stepKey, type StepAttempt } from './attempt.ts';
import { callStates } from './call-states.ts';
import { told, type Decision } from './decision.ts';
import type { JournalWriter } from './journal-writer.ts';
import type { StepOutcome } from './outcome.ts';
import type { SessionError } from './session-error.ts';
import type { IdSource, JournalView } from './view.ts';
import { newEvent } from './wire-event.ts';

/** Why no model is asked: the budget is reached, which keeps what is owed, or a limit of the turn, which ends it. */
export type PauseReason = { type: 'budget' } | { type: 'limit'; error: SessionError };

/**
 * Brings a session to rest at the opening of a step, in place of the request: `writer` has stamped what takes effect, and no call is
 * open. The step comes to what a settle comes to. A pause that is shown already is not journaled again.
 */
export function pauseTurn(
  view: JournalView,
  writer: JournalWriter,
  attempt: StepAttempt,
  reason: PauseReason,
  ids: IdSource,
): Decision {
  const shown = view.head.status === 'idle' && view.head.stop?.type === 'budget_reached';
  const news = writer.lastSeq > view.head.lastSeq;
  if (reason.type === 'budget' && shown && !news && writer.queue.length === view.queue.length) {
    return told({ kind: 'nothing', settle: writer.queue.length > 0 });
  }
  if (reason.type === 'limit') {
    writer.running();
    writer.append(newEvent({ id: ids.event(), type: 'session.error', error: reason.error }));
    writer.idle({ type: 'retries_exhausted' });
  } else {
    if (news) writer.running();
    writer.idle({ type: 'budget_reached' });
  }
  const outcome: StepOutcome = {
    kind: 'settled',
    more: writer.queue.length > 0,
    calls: callStates(writer.calls),
    arrived: view.head.lastArrival,
    kill: view.calls.filter((call) => call.row !== null).map((call) => call.id),
  };
  writer.advance(attempt.step);
  const key = stepKey(attempt.threadId, attempt.step);
  writer.writeRow({
    key,
    fence: attempt.fence,
    through: writer.lastSeq,
    arrived: view.head.lastArrival,
    span: null,
    failures: 0,
    firstFailureAt: null,
    outcome,
  });
  return told(outcome, writer.finish(key));
}
