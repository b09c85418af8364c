import type { StepAnswer } from '../core/journal/commit-step.ts';
import type { NewEvent } from '../core/journal/view.ts';
import type { NewCall } from '../core/journal/writes.ts';
import type { StopWord } from '../core/journal/wire-event.ts';
import { answerCut } from '../core/session/answer-cut.ts';
import { callLabel } from '../core/session/call-label.ts';
import { toolInputs } from '../core/session/fit-tool-inputs.ts';
import { judgeToolUse } from '../core/session/permission.ts';
import type { BlockIds } from '../core/session/block-ids.ts';
import { callDigests } from './call-digests.ts';
import { responseEvents } from '../core/session/response-events.ts';
import { storeLargeStrings } from '../providers/blob/large-bodies.ts';
import type { ModelResponse } from '../providers/model/model-provider.ts';
import type { PreparedRequest } from './request/build-model-request.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { stepUsage } from './step-usage.ts';

const REFUSAL_CATEGORIES = ['cyber', 'bio', 'frontier_llm', 'reasoning_extraction', 'general_harms'] as const;

/** Turns a complete response into what the step commits. Large strings go to the blob store before the transaction. */
export async function toAnswer(
  deps: ActivityDependencies,
  prepared: PreparedRequest,
  response: ModelResponse,
  announced: BlockIds,
): Promise<StepAnswer> {
  const { agent, workspaceId } = prepared.setup;
  const inputs = toolInputs(prepared.request.tools);
  const judged = responseEvents(
    { ...response, blocks: inputs.fitted(response.blocks) },
    announced,
    (name, input) => inputs.checked(name, input, judgeToolUse(agent.tools, name, deps.builtInNames)),
    deps.ids,
  );
  const calls: NewCall[] = [];
  const refused: { id: string; text: string }[] = [];
  for (const { id, name, input, verdict } of judged.toolUses) {
    if (verdict.kind === 'refused') refused.push({ id, text: verdict.text });
    else calls.push({ id, name, kind: verdict.kind, label: callLabel(name, input) });
  }
  const events: NewEvent[] = [];
  for (const event of judged.events) {
    events.push({ ...event, body: await storeLargeStrings(deps.blobs, workspaceId, event.body) });
  }
  return {
    kind: 'response',
    events,
    calls,
    refused,
    refusal: response.stop === 'refusal' ? toDetails(response.refusal) : null,
    stopReason: STOP_WORDS[response.stop],
    cut: answerCut(response),
    digests: callDigests(judged.toolUses),
    ...stepUsage(prepared, response.usage),
  };
}

const STOP_WORDS: Record<ModelResponse['stop'], StopWord> = {
  end_turn: 'end_turn',
  tool_use: 'tool_use',
  max_tokens: 'max_tokens',
  context_overflow: 'model_context_window_exceeded',
  refusal: 'refusal',
  paused: 'pause_turn',
  malformed_call: 'malformed_tool_call',
  missing_call: 'tool_use',
};

function toDetails(refusal: ModelResponse['refusal']) {
  const category = REFUSAL_CATEGORIES.find((known) => known === refusal?.category) ?? null;
  return { type: 'refusal', category, explanation: refusal?.explanation ?? null } as const;
}
