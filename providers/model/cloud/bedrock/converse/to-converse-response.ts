import { announcesCall, finishKind, isCutUnsaid, refusalText, unknownWord } from '../../../finish-words.ts';
import type { ModelResponse, ResponseBlock } from '../../../model-provider.ts';
import { cutToolInput, readToolInput } from '../../../tool-input.ts';
import type { ToolNames } from '../../../tool-names.ts';
import type { CollectedConverse, ConverseBlock } from './read-converse-stream.ts';

interface Context {
  provider: string;
  names: ToolNames;
  maxOutputTokens: number;
  requestId: string | undefined;
}

/** The response that the collected events are. */
export function toConverseResponse(answer: CollectedConverse, context: Context): ModelResponse {
  const { requestId } = context;
  const stop = stopOf(answer, context.maxOutputTokens);
  const cut = stop === 'max_tokens' || stop === 'context_overflow';
  const last = answer.blocks.at(-1);
  // What a refused response began is not to be run.
  const kept = stop === 'refusal' ? answer.blocks.filter(({ type }) => type !== 'tool_use') : answer.blocks;
  return {
    blocks: kept.flatMap((block) => toBlock(block, context, cut && block === last)),
    stop,
    ...(stop === 'refusal'
      ? { refusal: { category: null, explanation: refusalText(answer.stopReason ?? 'refusal') } }
      : {}),
    ...unknownWord(answer.stopReason),
    usage: answer.usage ?? NOTHING_COUNTED,
    ...(requestId === undefined ? {} : { requestId }),
  };
}

const NOTHING_COUNTED = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
};

function stopOf(
  { stopReason, blocks, usage }: CollectedConverse,
  maxOutputTokens: number,
): ModelResponse['stop'] {
  const kind = finishKind(stopReason);
  if (isCutUnsaid(kind, usage?.output_tokens, maxOutputTokens)) return 'max_tokens';
  switch (kind) {
    case 'length':
      return 'max_tokens';
    case 'window':
      return 'context_overflow';
    case 'refused':
      return 'refusal';
    case 'malformed':
      return 'malformed_call';
    default:
      if (blocks.some(({ type }) => type === 'tool_use')) return 'tool_use';
      return announcesCall(stopReason) ? 'missing_call' : 'end_turn';
  }
}

function toBlock(block: ConverseBlock, { provider, names }: Context, cut: boolean): ResponseBlock[] {
  switch (block.type) {
    case 'text':
      return block.text === '' ? [] : [{ type: 'text', text: block.text.toWellFormed() }];
    case 'thinking':
      return [
        {
          type: 'thinking',
          opaque: {
            type: 'opaque',
            provider,
            data: { type: 'thinking', thinking: block.text.toWellFormed() },
          },
        },
      ];
    case 'tool_use':
      return [
        {
          type: 'tool_use',
          name: names.fromWire(block.name).toWellFormed(),
          ...(cut || block.name === '' ? cutToolInput(block.json) : readToolInput(block.json)),
          vendor: { provider, callId: block.id === '' ? null : block.id },
        },
      ];
    default:
      return block satisfies never;
  }
}
