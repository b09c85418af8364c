import type { ContentBlockParam, RefusalStopDetails, StopReason } from '@anthropic-ai/sdk/resources/messages';
import type { ModelResponse, ModelUsage, ResponseBlock } from '../model-provider.ts';
import { announcesCall, finishKind, isCutUnsaid, refusalText, unknownWord } from '../finish-words.ts';
import type { ToolNames } from '../tool-names.ts';
import { cutToolInput, isJsonObject, readToolInput } from '../tool-input.ts';

/** A content block as it was collected from a stream. */
export type CollectedBlock =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string }
  /** `json` is what was streamed, `given` what the start of the block held already. */
  | { type: 'tool_use'; id: string; name: string; json: string; given: unknown };

export interface CollectedMessage {
  id: string | null;
  model: string | null;
  blocks: CollectedBlock[];
  usage: ModelUsage;
  stopReason: StopReason | null;
  refusal: RefusalStopDetails | undefined;
}

interface Context {
  provider: string;
  names: ToolNames;
  maxOutputTokens: number;
  requestId: string | undefined;
}

/** The response that the collected messages are: one, or several where the vendor paused and was asked to go on. */
export function toResponse(
  message: Pick<CollectedMessage, 'blocks' | 'usage' | 'stopReason' | 'refusal'>,
  context: Context,
): ModelResponse {
  const { requestId } = context;
  const stop = stopOf(message, context.maxOutputTokens);
  const cut = stop === 'max_tokens' || stop === 'context_overflow';
  const last = message.blocks.at(-1);
  // What a refused response began is not to be run.
  const kept = stop === 'refusal' ? message.blocks.filter(({ type }) => type !== 'tool_use') : message.blocks;
  const blocks = kept
    .filter((block) => block.type !== 'text' || block.text !== '')
    .map((block) => toBlock(block, context, cut && block === last));
  const { refusal } = message;
  return {
    blocks,
    stop,
    ...(stop === 'refusal'
      ? {
          refusal: {
            category: refusal?.category ?? null,
            explanation: refusal?.explanation ?? saidOf(message.stopReason),
          },
        }
      : {}),
    ...unknownWord(message.stopReason),
    usage: message.usage,
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** The collected blocks as the beginning of the answer, sent back when the vendor paused. */
export function toContinuation(blocks: readonly CollectedBlock[]): ContentBlockParam[] {
  return blocks.flatMap((block): ContentBlockParam[] => {
    if (block.type !== 'tool_use') return block.type === 'text' && block.text === '' ? [] : [block];
    const { input } = readInput(block);
    return [{ type: 'tool_use', id: block.id, name: block.name, input: input ?? {} }];
  });
}

function stopOf(
  { stopReason, blocks, usage }: Pick<CollectedMessage, 'blocks' | 'stopReason' | 'usage'>,
  maxOutputTokens: number,
): ModelResponse['stop'] {
  const kind = finishKind(stopReason);
  if (isCutUnsaid(kind, usage.output_tokens, maxOutputTokens)) return 'max_tokens';
  switch (kind) {
    case 'length':
      return 'max_tokens';
    case 'window':
      return 'context_overflow';
    case 'refused':
      return 'refusal';
    case 'malformed':
      return 'malformed_call';
    case 'pause':
      return 'paused';
    default:
      break;
  }
  if (blocks.some(({ type }) => type === 'tool_use')) return 'tool_use';
  return announcesCall(stopReason) ? 'missing_call' : 'end_turn';
}

/** A gateway's word for a filter of its own says more than nothing; the vendor's own says nothing. */
function saidOf(stopReason: string | null): string | null {
  return stopReason === null || stopReason === 'refusal' ? null : refusalText(stopReason);
}

function toBlock(block: CollectedBlock, { provider, names }: Context, cut: boolean): ResponseBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text.toWellFormed() };
    case 'thinking':
    case 'redacted_thinking':
      return { type: 'thinking', opaque: { type: 'opaque', provider, data: { ...block } } };
    case 'tool_use':
      return {
        type: 'tool_use',
        name: names.fromWire(block.name).toWellFormed(),
        ...(cut || block.name === '' ? cutToolInput(block.json) : readInput(block)),
        vendor: { provider, callId: block.id },
      };
    default:
      return block satisfies never;
  }
}

function readInput(block: Extract<CollectedBlock, { type: 'tool_use' }>): ReturnType<typeof readToolInput> {
  const given = isJsonObject(block.given) && Object.keys(block.given).length > 0 ? block.given : undefined;
  return block.json === '' && given !== undefined ? { input: given } : readToolInput(block.json);
}
