import { toolKey, type ToolAttempt } from '../core/journal/attempt.ts';
import { commitTool } from '../core/journal/commit-tool.ts';
import { newEvent } from '../core/journal/wire-event.ts';
import { loadLargeStrings, storeLargeStrings } from '../providers/blob/large-bodies.ts';
import type { ToolCall, ToolResult } from '../tools/tool-runner.ts';
import { withAttempt, type AttemptContext } from './attempt-context.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { openCall } from './open-call.ts';
import type { StepReport } from './report.ts';
import { transactStep } from './transact-step.ts';

export type RunToolInput = Omit<ToolAttempt, 'fence'>;

const INTERRUPTED =
  'The call was interrupted while it ran; whether it had its full effect is unknown. Check before you repeat it.';

/**
 * Runs one tool call at most once: the step row is opened before anything is dispatched, and a later attempt re-attaches instead of
 * starting. Whatever goes wrong in the tool is a result that the model reads. An interrupt kills the call and completes it.
 */
export function createRunTool(deps: ActivityDependencies) {
  return async (input: RunToolInput): Promise<StepReport> =>
    withAttempt(deps.worker, async (context) => {
      const attempt: ToolAttempt = { ...input, fence: context.fence };
      const key = toolKey(input.toolUseId);
      // Before the claim: a call that has come to the wrong host must not count as begun, and what fails now may be tried again without a
      // doubt about what was begun.
      const [call] = await Promise.all([readCall(deps, attempt), deps.residence?.admit(input.sessionId)]);
      const opened = await openCall(deps, attempt, context);
      if (opened.kind === 'outcome') return opened.report();
      if (call === null) throw new Error(`the tool use ${input.toolUseId} is not in the journal`);
      const ran = await deps.telemetry.toolCall(
        { ...call, turn: opened.trace, attempt: context.attempt },
        async () => run(deps, call, opened, context),
      );
      reportLost(deps, call, ran);
      const result = await withNotice(deps, call, ran);
      const event = newEvent({
        id: deps.ids.event(),
        type: 'agent.tool_result',
        tool_use_id: input.toolUseId,
        content: result.content,
        is_error: result.isError,
      });
      const body = await storeLargeStrings(deps.blobs, call.workspaceId, event.body);
      const committed = await transactStep(deps, { ...input, rowKey: key }, (view) =>
        commitTool(
          view,
          attempt,
          { event: { ...event, body }, isError: result.isError, errors: result.errors ?? [] },
          deps.ids,
        ),
      );
      return committed.report();
    });
}

function reportLost(
  { troubles }: ActivityDependencies,
  call: ToolCall,
  { lost, unavailable, content }: ToolResult,
): void {
  if (lost !== true && unavailable !== true) return;
  const { sessionId, workspaceId, toolUseId, name: tool } = call;
  const reason = content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).at(-1) ?? '';
  const outcome = lost === true ? 'lost' : 'unavailable';
  troubles.tool({ outcome, sessionId, workspaceId, toolUseId, tool, reason });
}

/** Puts before a result what the model is to be told of the sandbox; see {@link Residence.takeNotice}. */
async function withNotice(
  deps: Pick<ActivityDependencies, 'residence'>,
  { sessionId, toolUseId }: ToolCall,
  result: ToolResult,
): Promise<ToolResult> {
  const text = (await deps.residence?.takeNotice(sessionId, toolUseId)) ?? null;
  return text === null ? result : { ...result, content: [{ type: 'text', text }, ...result.content] };
}

/** What is to be called; null when the journal does not have it. */
async function readCall(deps: ActivityDependencies, attempt: ToolAttempt): Promise<ToolCall | null> {
  const [setup, event] = await Promise.all([
    deps.journal.setup(attempt.sessionId),
    deps.journal.event(attempt.sessionId, attempt.toolUseId),
  ]);
  if (!event) return null;
  const body = await loadLargeStrings(deps.blobs, setup.workspaceId, event.body);
  const input = body['input'];
  return {
    workspaceId: setup.workspaceId,
    sessionId: attempt.sessionId,
    toolUseId: attempt.toolUseId,
    name: typeof body['name'] === 'string' ? body['name'] : '',
    input: typeof input === 'object' && input !== null && !Array.isArray(input) ? input : {},
    environmentId: setup.environmentId,
  };
}

async function run(
  deps: ActivityDependencies,
  call: ToolCall,
  opened: { arrived: number; resumed: boolean },
  context: AttemptContext,
): Promise<ToolResult> {
  const ended = new AbortController();
  const stop = deps.interrupts.watch(call.sessionId, opened.arrived, () =>
    ended.abort(new Error(INTERRUPTED)),
  );
  const leave = Promise.withResolvers<never>();
  leave.promise.catch(() => undefined);
  // A worker that stops leaves the command running: the next attempt attaches to it. A cancellation ends it.
  const onAbort = (): void => {
    if (context.cancelRequested()) ended.abort(context.signal.reason);
    else leave.reject(context.signal.reason);
  };
  context.signal.addEventListener('abort', onAbort, { once: true });
  try {
    context.signal.throwIfAborted();
    const result = deps.runner.run(call, opened.resumed ? 'resume' : 'start', ended.signal);
    result.catch(() => undefined);
    return await Promise.race([result, leave.promise]);
  } catch (error) {
    if (ended.signal.aborted && !context.signal.aborted) {
      await deps.runner.kill(call);
      return { content: [{ type: 'text', text: INTERRUPTED }], isError: true };
    }
    throw error;
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    stop();
  }
}
