import { endsTurnTrace, type EndedTurnTrace } from '../../core/journal/turn-trace.ts';
import type { AcceptView } from '../../core/journal/accept.ts';
import type { JournalWrites } from '../../core/journal/writes.ts';
import type { Journal } from './journal.ts';

/** A traced turn, or the stretch of it before a wait, that is over. */
export interface EndedTurn {
  sessionId: string;
  workspaceId: string;
  trace: EndedTurnTrace;
}

/**
 * The journal, with a watch on the ends of traced turns. A turn is told once its end is committed. It is told again where the attempt
 * that asks learns that its step stands already: the one that committed it may have died before it told anybody.
 */
export function watchTurns(journal: Journal, ended: (turn: EndedTurn) => void): Journal {
  return {
    ...journal,
    async transact(request, decide) {
      const seen: { turn: EndedTurn | null } = { turn: null };
      const transacted = await journal.transact(request, (view) => {
        const decision = decide(view);
        const trace = endedBy(view, decision.writes, request.rowKey);
        const { sessionId, workspaceId } = view.head;
        seen.turn = trace && { sessionId, workspaceId, trace };
        return decision;
      });
      if (seen.turn !== null) ended(seen.turn);
      return transacted;
    },
  };
}

function endedBy(
  { thread }: AcceptView,
  writes: JournalWrites | null,
  rowKey: string | undefined,
): EndedTurnTrace | null {
  const before = thread.trace;
  if (writes !== null) {
    const after = writes.thread.trace;
    return endsTurnTrace(before, after) ? after : null;
  }
  return before?.end != null && rowKey !== undefined && before.end.stepKey === rowKey
    ? { ...before, end: before.end }
    : null;
}
