import { stepKey, type StepAttempt } from './attempt.ts';
import { isMessage } from './busy.ts';
import { STALE, standing, told, type Decision } from './decision.ts';
import { journalDetour, type StandIn } from './detour.ts';
import { createJournalWriter } from './journal-writer.ts';
import { pauseTurn } from './pause-turn.ts';
import { isAtCap } from './spend-cap.ts';
import { limitReached, type Detour, type TurnLimits } from './turn.ts';
import type { IdSource, JournalView } from './view.ts';

/** Names the model to ask instead, where the one that the turn is with is known to be down; null: that one is asked. */
export type StandInFor = (view: JournalView, detour: Detour | null) => StandIn | null;

/**
 * Opens a model step: stamps what takes effect, in the order running pair, denials with results, sealed results, messages; then
 * fixes what the step may read. Where the cost has reached the budget, or the turn one of its limits, no model is asked: the opening
 * itself brings the session to rest. A later attempt of an open step takes its reach over and closes the span left open.
 *
 * @param standInFor - asked once, when a model is about to be: another that it names takes the turn over, as after a failure.
 */
export function openStep(
  view: JournalView,
  attempt: StepAttempt,
  limits: TurnLimits,
  ids: IdSource,
  standInFor: StandInFor = () => null,
): Decision {
  const { thread, row } = view;
  if (attempt.step === thread.step && row?.outcome) return standing(row.outcome);
  if (attempt.step !== thread.step + 1) return told({ kind: 'behind' });
  const key = stepKey(attempt.threadId, attempt.step);
  const writer = createJournalWriter(view, ids);

  if (row) {
    if (attempt.fence < row.fence) return STALE;
    writer.running();
    writer.closeSpan(row, true);
    const standIn = standInFor(view, writer.turn.detour);
    if (standIn) journalDetour(writer, standIn, ids);
    const span = writer.openSpan();
    const counted = standIn ? { ...row, failures: 0, firstFailureAt: null } : row;
    writer.writeRow({ ...counted, fence: attempt.fence, span });
    return {
      kind: 'opened',
      writes: writer.finish(key),
      through: row.through,
      arrived: row.arrived,
      resumed: true,
      lastSeq: writer.lastSeq,
      detour: writer.turn.detour,
      cut: writer.turn.cut,
      trace: writer.trace,
    };
  }

  const interrupt = view.queue.find((event) => event.type === 'user.interrupt');
  if (interrupt) return told({ kind: 'interrupted', consumed: false, arrival: interrupt.arrival });

  writer.deny('with-running-pair');
  writer.seal(
    writer.calls.filter((call) => attempt.seals.includes(call.id)),
    'with-running-pair',
    FAILED,
  );
  const messages = writer.queue.filter(
    (event) => isMessage(event.type) || event.type.startsWith('internal.'),
  );
  if (messages.some((event) => isMessage(event.type))) writer.running();
  for (const event of messages) writer.stamp(event);
  if (!writer.owed) {
    return told({ kind: 'nothing', settle: isRunning(view) || view.queue.length > 0 });
  }
  if (writer.calls.length > 0) return told({ kind: 'behind' });
  const limit = limitReached(writer.turn, limits);
  if (limit !== null) return pauseTurn(view, writer, attempt, { type: 'limit', error: limit }, ids);
  if (isAtCap(view.head)) return pauseTurn(view, writer, attempt, { type: 'budget' }, ids);
  writer.running();
  const through = writer.lastSeq;
  const arrived = view.head.lastArrival;
  const standIn = standInFor(view, writer.turn.detour);
  if (standIn) journalDetour(writer, standIn, ids);
  const span = writer.openSpan();
  writer.writeRow({
    key,
    fence: attempt.fence,
    through,
    arrived,
    span,
    failures: 0,
    firstFailureAt: null,
    outcome: null,
  });
  return {
    kind: 'opened',
    writes: writer.finish(key),
    through,
    arrived,
    resumed: false,
    lastSeq: writer.lastSeq,
    detour: writer.turn.detour,
    cut: writer.turn.cut,
    trace: writer.trace,
  };
}

const FAILED =
  'The tool could not be run to its end because of a fault in the service; whether it had effects is unknown. Check before you repeat it.';

function isRunning(view: JournalView): boolean {
  return view.head.status === 'running' || view.head.status === 'rescheduling';
}
