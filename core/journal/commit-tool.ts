import { toolKey, type ToolAttempt } from './attempt.ts';
import type { SessionError } from './session-error.ts';
import { STALE, standing, told, type Decision } from './decision.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { StepOutcome } from './outcome.ts';
import type { IdSource, JournalView, NewEvent } from './view.ts';
import { newEvent } from './wire-event.ts';

/**
 * Commits a tool call's result, and before it what clients are told of troubles that the call met. A sealed call keeps its seal: the late result is dropped and the standing outcome returned.
 */
export function commitTool(
  view: JournalView,
  attempt: ToolAttempt,
  result: { event: NewEvent; isError: boolean; errors?: readonly SessionError[] },
  ids: IdSource,
): Decision {
  const { row } = view;
  if (row?.outcome) return standing(row.outcome);
  if (!row || !view.calls.some((call) => call.id === attempt.toolUseId)) return told({ kind: 'behind' });
  if (attempt.fence < row.fence) return STALE;
  const writer = createJournalWriter(view, ids);
  writer.running();
  for (const error of result.errors ?? []) {
    writer.append(newEvent({ id: ids.event(), type: 'session.error', error }));
  }
  writer.result(attempt.toolUseId, result.event);
  const outcome: StepOutcome = { kind: 'result', toolUseId: attempt.toolUseId, isError: result.isError };
  writer.writeRow({ ...row, outcome });
  return told(outcome, writer.finish(toolKey(attempt.toolUseId)));
}
