import type { Response, ResponseOutputItem } from 'openai/resources/responses/responses';
import type { ModelResponse, ModelUsage, ResponseBlock } from '../../model-provider.ts';
import { finishKind, isCutUnsaid, refusalText, unknownWord } from '../../finish-words.ts';
import { isUnbegun } from '../unbegun.ts';
import { cutToolInput, readToolInput } from '../../tool-input.ts';
import type { ToolNames } from '../../tool-names.ts';
import { toReasoningData } from './reasoning-item.ts';

interface Context {
  provider: string;
  names: ToolNames;
  contextWindow: number;
  maxOutputTokens: number;
  requestId: string | undefined;
}

/** The port's response for the vendor's: its finished items in order, and how it ended. */
export function toModelResponse(
  items: readonly ResponseOutputItem[],
  response: Response,
  context: Context,
): ModelResponse {
  const usage = usageOf(response);
  const refusal = items.map(refusalIn).find((text) => text !== undefined);
  const stop = stopOf(items, response, usage, refusal, context);
  const cut = stop === 'max_tokens' || stop === 'context_overflow';
  const last = items.at(-1);
  const kept = stop === 'refusal' ? items.filter(({ type }) => type !== 'function_call') : items;
  return {
    blocks: kept.flatMap((item) => toBlocks(item, context, cut && item === last)),
    stop,
    ...(stop === 'refusal'
      ? {
          refusal: {
            category: null,
            explanation: refusal ?? refusalText(response.incomplete_details?.reason ?? 'content_filter'),
          },
        }
      : {}),
    ...unknownWord(response.incomplete_details?.reason),
    usage,
    ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
  };
}

function toBlocks(item: ResponseOutputItem, { provider, names }: Context, cut: boolean): ResponseBlock[] {
  if (item.type === 'message')
    return item.content.flatMap((part) =>
      part.type === 'output_text' && part.text !== ''
        ? [{ type: 'text' as const, text: part.text.toWellFormed() }]
        : [],
    );
  if (item.type === 'reasoning')
    return [{ type: 'thinking', opaque: { type: 'opaque', provider, data: toReasoningData(item) } }];
  // Only tools that run at the vendor's have other items, and no request asks for one.
  if (item.type !== 'function_call') return [];
  const incomplete = cut || item.status === 'incomplete';
  return [
    {
      type: 'tool_use',
      name: names.fromWire(item.name).toWellFormed(),
      ...(incomplete || item.name === '' ? cutToolInput(item.arguments) : readToolInput(item.arguments)),
      vendor: { provider, callId: item.call_id === '' ? null : item.call_id },
    },
  ];
}

function refusalIn(item: ResponseOutputItem): string | undefined {
  if (item.type !== 'message') return undefined;
  const part = item.content.find(({ type }) => type === 'refusal');
  return part?.type === 'refusal' ? part.refusal.toWellFormed() : undefined;
}

function stopOf(
  items: readonly ResponseOutputItem[],
  response: Response,
  usage: ModelUsage,
  refusal: string | undefined,
  { contextWindow, maxOutputTokens }: Context,
): ModelResponse['stop'] {
  const reason = response.incomplete_details?.reason;
  const kind = finishKind(reason);
  if (refusal !== undefined || kind === 'refused') return 'refusal';
  if (kind === 'window') return 'context_overflow';
  const counted = response.usage ? usage.output_tokens : undefined;
  if (response.status === 'incomplete' || isCutUnsaid('end', counted, maxOutputTokens)) {
    const prompt = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_5m_input_tokens;
    const short = usage.output_tokens < maxOutputTokens;
    // The vendor has one word for both limits; an answer that was cut below its own met the window's.
    const full = short && prompt + usage.output_tokens >= contextWindow;
    return full || isUnbegun(items, usage, maxOutputTokens) ? 'context_overflow' : 'max_tokens';
  }
  return items.some(({ type }) => type === 'function_call') ? 'tool_use' : 'end_turn';
}

function usageOf({ usage }: Response): ModelUsage {
  const read = usage?.input_tokens_details?.cached_tokens ?? 0;
  const written = usage?.input_tokens_details?.cache_write_tokens ?? 0;
  return {
    input_tokens: Math.max(0, (usage?.input_tokens ?? 0) - read - written),
    output_tokens: usage?.output_tokens ?? 0,
    cache_read_input_tokens: read,
    cache_creation_5m_input_tokens: written,
    cache_creation_1h_input_tokens: 0,
  };
}
