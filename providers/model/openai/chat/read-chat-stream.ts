import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { StreamReader } from '../../adapter-stream.ts';
import { finishKind } from '../../finish-words.ts';
import type { ModelStreamPart } from '../../model-provider.ts';
import { createTextPreview } from '../../text-preview.ts';
import { toModelError } from '../../vendor-failure.ts';
import type { JsonObject } from '../../../../core/json.ts';
import { callExtras } from './call-extras.ts';
import { chatUsage } from './chat-usage.ts';
import { createReasoningCollector, type ReasoningCollector } from './reasoning.ts';

export interface CollectedCall {
  type: 'tool_use';
  id: string | null;
  name: string;
  json: string;
  /** What the server wants back with the call. */
  extras?: JsonObject;
}
export type CollectedPart =
  { type: 'text'; text: string } | { type: 'thinking'; reasoning: ReasoningCollector } | CollectedCall;

export interface CollectedChat {
  parts: CollectedPart[];
  refusal: string;
  finish: string | null;
  usage: ChatCompletionChunk['usage'];
  /** Wire index of a call → where it is. */
  id: string | null;
  model: string | null;
}

type Delta = Partial<ChatCompletionChunk.Choice.Delta>;

/** Follows the chunks of one completion. It is complete with the reason for its end; the usage may follow in a chunk of its own. */
export function createChatStreamReader(
  vendor: string,
): StreamReader<ChatCompletionChunk> & { readonly chat: CollectedChat } {
  const chat: CollectedChat = { parts: [], refusal: '', finish: null, usage: null, id: null, model: null };
  const calls = new Map<number, CollectedCall>();
  const preview = createTextPreview();

  const open = (part: CollectedPart): ModelStreamPart => {
    chat.parts.push(part);
    return { type: 'block-start', index: chat.parts.length - 1, block: part.type };
  };

  // The text of an answer is one string, also where calls come in between.
  const readText = (piece: string): ModelStreamPart[] => {
    const known = chat.parts.findIndex(({ type }) => type === 'text');
    const part = chat.parts[known];
    if (part?.type === 'text') part.text += piece;
    const start = part === undefined ? [open({ type: 'text', text: piece })] : [];
    const text = preview.push(piece);
    if (text === '') return start;
    const index = part === undefined ? chat.parts.length - 1 : known;
    return [...start, { type: 'text-delta', index, text }];
  };

  // So is its reasoning, which goes back as a whole.
  const readReasoning = (delta: Delta): ModelStreamPart[] => {
    const known = chat.parts.find((part) => part.type === 'thinking');
    if (known !== undefined) {
      known.reasoning.add(delta);
      return [];
    }
    const reasoning = createReasoningCollector();
    return reasoning.add(delta) ? [open({ type: 'thinking', reasoning })] : [];
  };

  const readCall = (piece: ChatCompletionChunk.Choice.Delta.ToolCall): ModelStreamPart[] => {
    const index = piece.index ?? calls.size;
    const id = piece.id === undefined || piece.id === null || piece.id === '' ? null : piece.id;
    const known = calls.get(index);
    // Some servers give every call the same index and tell them apart by the id alone.
    const begins = known === undefined || (id !== null && known.id !== null && id !== known.id);
    const call: CollectedCall = begins ? { type: 'tool_use', id, name: '', json: '' } : known;
    call.id ??= id;
    if (call.name === '') call.name = piece.function?.name ?? '';
    call.json += argumentsText(piece.function?.arguments);
    const extras = callExtras(piece);
    if (extras !== undefined) call.extras = { ...call.extras, ...extras };
    if (!begins) return [];
    calls.set(index, call);
    return [open(call)];
  };

  return {
    chat,
    get complete() {
      return chat.finish !== null;
    },
    read(chunk) {
      refuseErrors(chunk, vendor);
      chat.id ??= chunk.id ?? null;
      chat.model ??= chunk.model ?? null;
      chat.usage = chunk.usage ?? chat.usage;
      // Some servers count in every chunk.
      const counted: ModelStreamPart[] = chunk.usage
        ? [{ type: 'usage', usage: chatUsage(chunk.usage) }]
        : [];
      const choice = chunk.choices?.[0];
      if (choice === undefined) return counted;
      const delta: Delta = choice.delta ?? {};
      const parts = [...counted, ...readReasoning(delta)];
      const text = contentText(delta.content);
      if (text !== '') parts.push(...readText(text));
      if (typeof delta.refusal === 'string') chat.refusal += delta.refusal;
      for (const piece of delta.tool_calls ?? []) parts.push(...readCall(piece));
      // Some servers write an empty reason into every chunk but the last.
      chat.finish = choice.finish_reason || chat.finish;
      if (finishKind(chat.finish) === 'broken')
        throw toModelError({ vendor, message: `the answer broke off (${String(chat.finish)})` });
      return parts;
    },
  };
}

/** The text of a delta; some servers send a list of parts where OpenAI has a string. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) =>
      typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string'
        ? part.text
        : '',
    )
    .join('');
}

/** The arguments of a call as text; some servers send them as the object that they are. */
function argumentsText(given: unknown): string {
  if (typeof given === 'string') return given;
  return typeof given === 'object' && given !== null ? JSON.stringify(given) : '';
}

function refuseErrors(chunk: ChatCompletionChunk, vendor: string): void {
  if (typeof chunk !== 'object' || chunk === null)
    throw toModelError({ vendor, message: 'its stream broke the protocol: an event that is no object' });
}
