import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { ReadState, StreamReader } from '../../adapter-stream.ts';
import { finishKind, laterReason } from '../../finish-words.ts';
import type { ModelStreamPart } from '../../model-provider.ts';
import { createTextPreview } from '../../text-preview.ts';
import { errorIn } from '../../stream/error-event.ts';
import { toModelError } from '../../vendor-failure.ts';
import { isJsonObject } from '../../tool-input.ts';
import { createCallAssembler, type CollectedCall } from './assemble-calls.ts';
import { callExtras } from './call-extras.ts';
import { chatUsage } from './chat-usage.ts';
import { createReasoningCollector, type ReasoningCollector } from './reasoning.ts';

export type CollectedPart =
  { type: 'text'; text: string } | { type: 'thinking'; reasoning: ReasoningCollector } | CollectedCall;

export interface CollectedChat {
  parts: CollectedPart[];
  refusal: string;
  finish: string | null;
  usage: ChatCompletionChunk['usage'];
  id: string | null;
  model: string | null;
}

/** A chunk as any server writes it: with the message where OpenAI has a delta, when it cannot stream. */
type Delta = Partial<ChatCompletionChunk.Choice.Delta>;

/**
 * Follows the chunks of one completion. The reason for its end may stand in any chunk, and the usage in any or in one of its own.
 *
 * @param offered - the names of the tools on the wire.
 */
export function createChatStreamReader(
  vendor: string,
  offered: readonly string[] = [],
): StreamReader<ChatCompletionChunk> & { readonly chat: CollectedChat } {
  const chat: CollectedChat = { parts: [], refusal: '', finish: null, usage: null, id: null, model: null };
  const calls = createCallAssembler(new Set(offered));
  let state: ReadState = 'open';
  let isNewForm = false;
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

  const readCalls = (delta: Delta): ModelStreamPart[] => {
    const pieces: unknown[] = Array.isArray(delta.tool_calls) ? delta.tool_calls : [];
    isNewForm ||= pieces.length > 0;
    // The older form, of one call per answer; servers that write both mean one call.
    const parts = (isNewForm ? pieces : [delta.function_call]).flatMap((piece) => {
      const added = calls.add(piece);
      const extras = added === undefined ? undefined : callExtras(piece);
      if (added !== undefined && extras !== undefined)
        added.call.extras = { ...added.call.extras, ...extras };
      return added?.begins === true ? [open(added.call)] : [];
    });
    calls.endDelta();
    return parts;
  };

  const readContent = (delta: Delta): ModelStreamPart[] => {
    const parts = readReasoning(delta);
    const text = contentText(delta.content);
    if (text !== '') parts.push(...readText(text));
    if (typeof delta.refusal === 'string') chat.refusal += delta.refusal;
    return [...parts, ...readCalls(delta)];
  };

  // Some send the whole message once more in the last chunk.
  const deltaOf = (choice: ChatCompletionChunk.Choice): Delta => {
    const message: unknown = 'message' in choice ? choice.message : undefined;
    // The API before this one had a text in its place.
    if ('text' in choice && typeof choice.text === 'string' && !hasContent(choice.delta))
      return { content: choice.text };
    const isNew = chat.parts.length === 0 && isJsonObject(message);
    return isNew && !hasContent(choice.delta) ? message : (choice.delta ?? {});
  };

  const follow = (finish: string | null, delta: Delta): void => {
    const isContent = hasContent(delta);
    // Some servers write an empty reason into every chunk but the last.
    if (finish) state = isContent ? 'reasoned' : 'settled';
    else if (isContent && state !== 'open') state = 'reasoned';
    chat.finish = laterReason(chat.finish, finish);
    if (finishKind(chat.finish) === 'broken')
      throw toModelError({ vendor, message: `the answer broke off (${String(chat.finish)})` });
  };

  return {
    get chat() {
      const joined = calls.join();
      chat.parts = chat.parts.filter((part) => part.type !== 'tool_use' || !joined.has(part));
      return chat;
    },
    get state() {
      return state;
    },
    marked() {
      // A call that lacks something was cut off, whatever the marker says.
      if ((chat.parts.length > 0 || chat.refusal !== '') && calls.areWhole) state = 'ended';
    },
    read(chunk) {
      // Azure's first chunk, about the prompt, has empty ones.
      chat.id ||= chunk.id ?? null;
      chat.model ||= chunk.model ?? null;
      const usage = usageIn(chunk);
      chat.usage = usage ?? chat.usage;
      // Some servers count in every chunk.
      const parts: ModelStreamPart[] = usage ? [{ type: 'usage', usage: chatUsage(usage) }] : [];
      // One answer is asked for; a gateway that splits it gives text and calls as choices of their own.
      for (const choice of choicesIn(chunk)) {
        refuseError(choice, vendor);
        const delta = deltaOf(choice);
        parts.push(...readContent(delta));
        follow(reasonIn(choice, chunk), delta);
      }
      return parts;
    },
  };
}

/** The reason for the end, under any of the names that servers give it. Some write a word for none into every chunk but the last. */
function reasonIn(choice: object, chunk: object): string | null {
  const places: Record<string, unknown>[] = [{ ...choice }, { ...chunk }];
  const words = places.flatMap((place) => REASON_FIELDS.map((name) => place[name]));
  const word = words.find(
    (value): value is string => typeof value === 'string' && !/^(null|none)?$/i.test(value),
  );
  return word ?? (places.some(({ done, eos }) => done === true || eos === true) ? 'stop' : null);
}

const REASON_FIELDS = ['finish_reason', 'finishReason', 'stop_reason', 'done_reason'];

/** The usage of a chunk; Moonshot writes it into the choice, and Groq once had a field of its own. */
function usageIn(chunk: ChatCompletionChunk): ChatCompletionChunk['usage'] {
  const choice: object = choicesIn(chunk)[0] ?? {};
  const own: unknown = 'x_groq' in chunk ? chunk.x_groq : undefined;
  const found = [
    chunk.usage,
    'usage' in choice ? choice.usage : null,
    isJsonObject(own) ? own['usage'] : null,
  ];
  return found.find((value) => isJsonObject(value)) as ChatCompletionChunk['usage'];
}

/** The choices of a chunk. Ollama's own form has one message in place of them. */
function choicesIn(chunk: ChatCompletionChunk): ChatCompletionChunk.Choice[] {
  if (Array.isArray(chunk.choices)) return chunk.choices;
  const message: unknown = 'message' in chunk ? chunk.message : undefined;
  return isJsonObject(message) ? [{ index: 0, delta: message, finish_reason: null }] : [];
}

/** Routers say within a choice why their provider gave up. */
function refuseError(choice: object, vendor: string): void {
  const given: unknown = 'error' in choice ? choice.error : undefined;
  const error = isJsonObject(given) || typeof given === 'string' ? errorIn({ error: given }) : undefined;
  if (error !== undefined) throw toModelError({ vendor, ...error });
}

/** Whether a delta holds a piece of the answer. */
function hasContent(delta: Delta | null | undefined): boolean {
  return Object.entries(delta ?? {}).some(
    ([name, value]: [string, unknown]) =>
      name !== 'role' && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
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
