import { toolKey, type ToolAttempt } from './attempt.ts';
import { STALE, standing, told, type Decision } from './decision.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { StepOutcome } from './outcome.ts';
import type { IdSource, JournalView, NewEvent } from './view.ts';

/** Commits a tool call's result. A sealed call keeps its seal: the late result is dropped and the standing outcome returned. */
export function commitTool(
  view: JournalView,
  attempt: ToolAttempt,
  result: { event: NewEvent; isError: boolean },
  ids: IdSource,
): Decision {
  const { row } = view;
  if (row?.outcome) return standing(row.outcome);
  if (!row || !view.calls.some((call) => call.id === attempt.toolUseId)) return told({ kind: 'behind' });
  if (attempt.fence < row.fence) return STALE;
  const writer = createJournalWriter(view, ids);
  writer.running();
  writer.result(attempt.toolUseId, result.event);
  const outcome: StepOutcome = { kind: 'result', toolUseId: attempt.toolUseId, isError: result.isError };
  writer.writeRow({ ...row, outcome });
  return told(outcome, writer.finish(toolKey(attempt.toolUseId)));
}
