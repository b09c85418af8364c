import { toolKey, type ToolAttempt } from './attempt.ts';
import { STALE, standing, told, type Decision } from './decision.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { IdSource, JournalView } from './view.ts';

/** What an opening of this very attempt came to, where nobody knows whether it was committed: the answer to its commit was lost. */
export interface UnansweredOpening {
  resumed: boolean;
}

/**
 * Claims a tool call before anything is dispatched. The first opening stamps the confirmation that allows it; a later one takes the
 * claim over and re-attaches (`resumed`). Nothing starts once an interrupt is queued.
 *
 * @param unanswered - the attempt looks again after its answer was lost. A row that carries its own fence says that it was committed,
 *   and since an attempt dispatches nothing before it knows that it is open, the call is as fresh as it was then.
 */
export function openTool(
  view: JournalView,
  attempt: ToolAttempt,
  ids: IdSource,
  unanswered: UnansweredOpening | null = null,
): Decision {
  const { row } = view;
  if (row?.outcome) return standing(row.outcome);
  const call = view.calls.find((candidate) => candidate.id === attempt.toolUseId);
  if (!call) return told({ kind: 'behind' });
  const writer = createJournalWriter(view, ids);
  const key = toolKey(attempt.toolUseId);
  if (row) {
    if (attempt.fence < row.fence) return STALE;
    writer.writeRow({ ...row, fence: attempt.fence });
    return {
      kind: 'opened',
      writes: writer.finish(key),
      through: row.through,
      arrived: row.arrived,
      resumed: unanswered === null || unanswered.resumed || row.fence !== attempt.fence,
      lastSeq: writer.lastSeq,
      detour: null,
      cut: null,
      trace: writer.trace,
    };
  }
  const interrupt = view.queue.find((event) => event.type === 'user.interrupt');
  if (interrupt) return told({ kind: 'interrupted', consumed: false, arrival: interrupt.arrival });
  if (call.kind === 'custom' || (call.kind === 'ask' && call.answer !== 'allow'))
    return told({ kind: 'behind' });
  if (call.kind === 'ask') {
    const confirmation = view.queue.find(
      (event) => event.ref === call.id && event.type === 'user.tool_confirmation',
    );
    if (confirmation) {
      writer.running();
      writer.stamp(confirmation);
    }
  }
  writer.writeRow({
    key,
    fence: attempt.fence,
    through: writer.lastSeq,
    arrived: view.head.lastArrival,
    span: null,
    failures: 0,
    firstFailureAt: null,
    outcome: null,
  });
  return {
    kind: 'opened',
    writes: writer.finish(key),
    through: writer.lastSeq,
    arrived: view.head.lastArrival,
    resumed: false,
    lastSeq: writer.lastSeq,
    detour: null,
    cut: null,
    trace: writer.trace,
  };
}
