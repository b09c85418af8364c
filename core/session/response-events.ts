import type { ModelResponse, ResponseBlock } from '../../providers/model/model-provider.ts';
import type { IdSource, NewEvent } from '../journal/view.ts';
import { newEvent } from '../journal/wire-event.ts';
import type { Json, JsonObject } from '../json.ts';
import type { BlockIds } from './block-ids.ts';
import { LIMITS } from './answer-cut.ts';
import type { ToolVerdict } from './permission.ts';
import { toWellFormedJson } from './well-formed-json.ts';

/** A tool use of the response, and what becomes of it. */
export interface ResponseToolUse {
  /** The event's id: from now on the tool use's own. */
  id: string;
  name: string;
  input: JsonObject;
  verdict: ToolVerdict;
}

interface Message {
  id: string;
  content: { type: 'text'; text: string }[];
}

/**
 * The journaled events of a complete response, in the model's order: `agent.thinking`, `agent.message` (text blocks that follow each
 * other form one), `agent.tool_use` or `agent.custom_tool_use`. They carry the ids under which they were previewed. A call whose
 * arguments are no JSON object is journaled as refused, with empty input. Thinking that is cut off, or that nothing follows, does not go
 * back to the vendor, which would refuse it.
 *
 * @param stop - why the model stopped.
 * @param judge - what becomes of a tool use, by its name and input.
 */
export function responseEvents(
  { blocks, stop }: Pick<ModelResponse, 'blocks' | 'stop'>,
  previewed: BlockIds,
  judge: (name: string, input: JsonObject) => ToolVerdict,
  ids: IdSource,
): { events: NewEvent[]; toolUses: ResponseToolUse[] } {
  const events: NewEvent[] = [];
  const toolUses: ResponseToolUse[] = [];
  const thinkingIds = previewed.thinking.values();
  const textIds = previewed.text.values();
  let message = null as Message | null;
  const limit = CUTS[stop];
  const lost = lostThinking(blocks, limit !== undefined);

  for (const block of blocks) {
    switch (block.type) {
      case 'text': {
        if (block.text === '') break;
        const id: string = textIds.next().value ?? message?.id ?? ids.event();
        const isEnd = limit !== undefined && block === blocks.at(-1);
        const content = {
          type: 'text' as const,
          text: isEnd ? withoutHalf(block.text) : block.text.toWellFormed(),
        };
        if (content.text === '') break;
        if (message?.id === id) {
          message.content.push(content);
        } else {
          message = { id, content: [content] };
          events.push(newEvent({ type: 'agent.message', ...message }));
        }
        break;
      }
      case 'thinking': {
        message = null;
        const id = thinkingIds.next().value ?? ids.event();
        const rest = lost.has(block) ? {} : { detail: { ...block.opaque } };
        events.push(newEvent({ id, type: 'agent.thinking' }, rest));
        break;
      }
      case 'tool_use': {
        message = null;
        const toolUse = toToolUse(block, judge, ids, limit);
        toolUses.push(toolUse);
        events.push(toolUseEvent(toolUse, { ...block.vendor }));
        break;
      }
    }
  }
  return { events, toolUses };
}

const CUTS: Partial<Record<ModelResponse['stop'], string>> = {
  max_tokens: LIMITS.output_limit,
  context_overflow: LIMITS.context_limit,
};

/** A text that was cut off, without the half of a character that it may end with: the model goes on with the whole one. */
function withoutHalf(text: string): string {
  return text.toWellFormed().replace(/\uFFFD+$/, '');
}

/** Thinking at the end of an answer that was cut off, and all of it where nothing was said or called besides. */
function lostThinking(blocks: readonly ResponseBlock[], isCut: boolean): ReadonlySet<ResponseBlock> {
  const isSaid = (block: ResponseBlock) =>
    block.type === 'tool_use' || (block.type === 'text' && /\S/.test(block.text));
  const end = blocks.findLastIndex(isSaid);
  return new Set(end === -1 || isCut ? blocks.slice(end + 1) : []);
}

function toToolUse(
  block: Extract<ResponseBlock, { type: 'tool_use' }>,
  judge: (name: string, input: JsonObject) => ToolVerdict,
  ids: IdSource,
  limit: string | undefined,
): ResponseToolUse {
  const name = block.name.toWellFormed();
  const input = block.input && toWellFormedJson(block.input);
  if (input && input !== 'too-deep') return { id: ids.event(), name, input, verdict: judge(name, input) };
  const text =
    limit !== undefined && block.input === null
      ? `${limit} cut this call off before it was complete, so it was not run. Make it smaller: for example, write a long file in several calls, one part after the other.`
      : input === 'too-deep'
        ? 'The arguments of this call are nested too deeply, so it was not run. Call the tool again with flatter ones.'
        : `The arguments of this call are not a complete JSON object, so it was not run. Call the tool again with valid arguments. Received: ${beginningOf(block.rawInput ?? '')}`;
  return { id: ids.event(), name, input: {}, verdict: { kind: 'refused', permission: 'deny', text } };
}

function beginningOf(raw: string): string {
  return Array.from(raw.slice(0, 1_000).toWellFormed()).slice(0, 500).join('');
}

/** A refused call is never the client's to run, so it is no custom tool use, whatever its name. */
function toolUseEvent({ id, name, input, verdict }: ResponseToolUse, detail: Json): NewEvent {
  if (verdict.kind === 'custom') {
    return newEvent({ id, type: 'agent.custom_tool_use', name, input }, { detail });
  }
  const evaluation = 'evaluation' in verdict ? { evaluation: verdict.evaluation } : {};
  return newEvent(
    { id, type: 'agent.tool_use', name, input, evaluated_permission: verdict.permission, ...evaluation },
    { detail },
  );
}
