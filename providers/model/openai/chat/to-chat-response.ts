import type { ModelRequest, ModelResponse, ModelUsage, ResponseBlock } from '../../model-provider.ts';
import { announcesCall, finishKind, isCutUnsaid, refusalText, unknownWord } from '../../finish-words.ts';
import { isUnbegun } from '../unbegun.ts';
import { cutToolInput, readToolInput } from '../../tool-input.ts';
import type { ToolNames } from '../../tool-names.ts';
import { chatUsage } from './chat-usage.ts';
import type { CollectedChat, CollectedPart } from './read-chat-stream.ts';

interface Context {
  provider: string;
  names: ToolNames;
  request: ModelRequest;
  contextWindow: number;
  requestId: string | undefined;
}

/** The response that the collected chunks are. */
export function toChatResponse(chat: CollectedChat, context: Context): ModelResponse {
  const usage = usageOf(chat, context.request);
  const stop = stopOf(chat, usage, context);
  const cut = stop === 'max_tokens' || stop === 'context_overflow';
  const last = chat.parts.at(-1);
  const kept = stop === 'refusal' ? chat.parts.filter(({ type }) => type !== 'tool_use') : chat.parts;
  return {
    blocks: kept.flatMap((part) => toBlock(part, context, cut && part === last)),
    stop,
    ...(stop === 'refusal' ? { refusal: { category: null, explanation: explanationOf(chat) } } : {}),
    ...unknownWord(chat.finish),
    usage,
    ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
  };
}

function toBlock(part: CollectedPart, { provider, names }: Context, cut: boolean): ResponseBlock[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text.toWellFormed() }];
    case 'thinking': {
      const data = part.reasoning.data();
      return data === undefined ? [] : [{ type: 'thinking', opaque: { type: 'opaque', provider, data } }];
    }
    case 'tool_use':
      return [
        {
          type: 'tool_use',
          name: names.fromWire(part.name).toWellFormed(),
          ...(cut || part.name === '' || part.isDoubtful === true
            ? cutToolInput(part.json)
            : readToolInput(part.json)),
          vendor: { provider, callId: part.id, ...(part.extras === undefined ? {} : { data: part.extras }) },
        },
      ];
    default:
      return part satisfies never;
  }
}

function explanationOf({ refusal, finish }: CollectedChat): string | null {
  if (refusal !== '') return refusal.toWellFormed();
  return finish === null ? null : refusalText(finish);
}

function stopOf(chat: CollectedChat, usage: ModelUsage, context: Context): ModelResponse['stop'] {
  const kind = finishKind(chat.finish);
  if (chat.refusal !== '' || kind === 'refused') return 'refusal';
  if (kind === 'window') return 'context_overflow';
  if (kind === 'malformed') return 'malformed_call';
  if (kind === 'pause') return 'paused';
  const counted = chat.usage ? usage.output_tokens : undefined;
  if (kind === 'length' || isCutUnsaid(kind, counted, context.request.maxOutputTokens)) {
    const prompt = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_5m_input_tokens;
    const short = usage.output_tokens < context.request.maxOutputTokens;
    // The protocol has one word for both limits; an answer that was cut below its own met the window's.
    const full = prompt + usage.output_tokens >= context.contextWindow;
    // An estimate says nothing of thinking that is not shown: then a prompt that is short has not filled the window.
    const isKnown = counted !== undefined || prompt >= context.contextWindow / 2;
    return (short && full) || (isKnown && isUnbegun(chat.parts, usage, context.request.maxOutputTokens))
      ? 'context_overflow'
      : 'max_tokens';
  }
  if (chat.parts.some(({ type }) => type === 'tool_use')) return 'tool_use';
  return announcesCall(chat.finish) ? 'missing_call' : 'end_turn';
}

/** Servers that report no usage get an estimate, since what fills the window and what is spent must be known somehow. */
function usageOf(chat: CollectedChat, request: ModelRequest): ModelUsage {
  if (chat.usage !== null && chat.usage !== undefined) return chatUsage(chat.usage);
  return {
    input_tokens: roughTokens([request.system, request.messages, request.tools]),
    output_tokens: roughTokens(chat.parts),
    cache_read_input_tokens: 0,
    cache_creation_5m_input_tokens: 0,
    cache_creation_1h_input_tokens: 0,
  };
}

function roughTokens(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / 4);
}
