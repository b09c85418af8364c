import { setTimeout as delay } from 'node:timers/promises';
import { toolKey, type ToolAttempt } from '../core/journal/attempt.ts';
import { openTool, type UnansweredOpening } from '../core/journal/open-tool.ts';
import { isStoreAway } from '../core/errors.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { transactStep, type Transacted } from './transact-step.ts';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Claims a tool call, and when the database goes away meanwhile, looks again until it answers, for as long as the attempt lives. A later
 * attempt could not tell an opening without an answer from one whose worker began the call and died, and would have to report that
 * the outcome is unknown; this one knows that it has dispatched nothing.
 */
export async function openCall(
  deps: ActivityDependencies,
  attempt: ToolAttempt,
  context: AttemptContext,
): Promise<Transacted> {
  const { sessionId, epoch, toolUseId } = attempt;
  const request = { sessionId, epoch, rowKey: toolKey(toolUseId), claim: context.claim };
  let unanswered: UnansweredOpening | null = null;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await transactStep(deps, request, (view) => {
        const decision = openTool(view, attempt, deps.ids, unanswered);
        if (decision.kind === 'opened') unanswered = { resumed: decision.resumed };
        return decision;
      });
    } catch (error) {
      if (!isStoreAway(error)) throw error;
      await delay(pauseMs, undefined, { signal: context.signal }).catch(() =>
        context.signal.throwIfAborted(),
      );
    }
  }
}
