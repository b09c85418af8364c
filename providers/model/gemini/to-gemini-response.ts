import type { JsonObject } from '../../../core/json.ts';
import type { ModelResponse, ResponseBlock } from '../model-provider.ts';
import { isJsonObject, readToolInput } from '../tool-input.ts';
import { finishKind, isCutUnsaid, refusalText } from '../finish-words.ts';
import type { ToolNames } from '../tool-names.ts';
import { callData, type GeminiData } from './part-data.ts';
import { geminiUsage } from './gemini-usage.ts';
import type { CollectedGemini, CollectedPart } from './read-gemini-stream.ts';

interface Context {
  provider: string;
  names: ToolNames;
  maxOutputTokens: number;
  requestId: string | undefined;
}

/** The response that the collected chunks are. */
export function toGeminiResponse(answer: CollectedGemini, context: Context): ModelResponse {
  const usage = geminiUsage(answer.usage);
  const stop = stopOf(answer, answer.usage ? usage.output_tokens : undefined, context.maxOutputTokens);
  const kept = stop === 'refusal' ? answer.parts.filter(({ type }) => type !== 'tool_use') : answer.parts;
  const last = kept.at(-1);
  return {
    blocks: kept.map((part) =>
      toBlock(part, context, (stop === 'max_tokens' || stop === 'context_overflow') && part === last),
    ),
    stop,
    ...(stop === 'refusal'
      ? { refusal: { category: null, explanation: answer.finishMessage ?? refusalText(answer.finish ?? '') } }
      : {}),
    ...(stop === 'malformed_call' && answer.finishMessage !== undefined
      ? { said: answer.finishMessage }
      : {}),
    usage,
    ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
  };
}

function toBlock(part: CollectedPart, { provider, names }: Context, cut: boolean): ResponseBlock {
  const opaque = (data: GeminiData): ResponseBlock => ({
    type: 'thinking',
    opaque: { type: 'opaque', provider, data: { ...data } },
  });
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text.toWellFormed() };
    case 'thinking':
      return opaque({ type: 'thought', text: part.text.toWellFormed() });
    case 'signature':
      return opaque({ type: 'signature', thoughtSignature: part.thoughtSignature });
    case 'tool_use': {
      const args = argumentsOf(part.call.args);
      return {
        type: 'tool_use',
        name: names.fromWire(part.call.name ?? '').toWellFormed(),
        ...(cut || args === undefined
          ? { input: null, rawInput: JSON.stringify(part.call.args ?? null).toWellFormed() }
          : { input: args }),
        vendor: { provider, callId: part.call.id ?? null, data: callData(part.thoughtSignature) },
      };
    }
    default:
      return part satisfies never;
  }
}

/** A call of a tool without parameters may come without arguments. */
function argumentsOf(args: unknown): JsonObject | undefined {
  if (args === undefined || args === null) return {};
  if (typeof args === 'string') return readToolInput(args).input ?? undefined;
  return isJsonObject(args) ? args : undefined;
}

function stopOf(
  { finish, parts }: CollectedGemini,
  counted: number | undefined,
  maxOutputTokens: number,
): ModelResponse['stop'] {
  const kind = finishKind(finish);
  if (isCutUnsaid(kind, counted, maxOutputTokens)) return 'max_tokens';
  switch (kind) {
    case 'length':
      return 'max_tokens';
    case 'window':
      return 'context_overflow';
    case 'refused':
      return 'refusal';
    case 'malformed':
      return 'malformed_call';
    case 'broken':
    case 'unknown':
      // An answer that broke off was a failure: this is the reason why a prompt was blocked, or a word of tomorrow.
      if (parts.length === 0) return 'refusal';
      break;
    default:
      break;
  }
  return parts.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn';
}
