import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionContentPartText,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import { AppError } from '../../../../core/errors.ts';
import type { ContentBlock, ToolResultBlock, TranscriptMessage } from '../../../../core/session/content.ts';
import { wireCallIds } from '../../call-ids.ts';
import { toTurns, type ConversationTurn } from '../../conversation.ts';
import { systemNote } from '../../system-note.ts';
import { textOfContent } from '../../text-content.ts';
import type { ToolNames } from '../../tool-names.ts';
import { STAND_IN_REASONING, type HistoryForm } from '../../history/history-form.ts';
import { callExtras, STAND_IN_EXTRAS } from './call-extras.ts';
import { readReasoning, reasoningNameIn, type ReasoningFields, type ReasoningName } from './reasoning.ts';

type UserTurn = Extract<ConversationTurn, { role: 'user' }>;

interface Options {
  provider: string;
  names: ToolNames;
  midConversationSystem: boolean;
  pdf: boolean;
  /** What takes the place of reasoning and signatures that an answer lacks; default: nothing. */
  form?: Pick<HistoryForm, 'standIn' | 'standInSignature'>;
}

/** The `messages` of a request, the system prompt first. */
export function toChatMessages(
  system: string,
  transcript: readonly TranscriptMessage[],
  options: Options,
): ChatCompletionMessageParam[] {
  const turns = toTurns(transcript, options.provider);
  const wireId = wireCallIds(turns, options.provider, (id) => id !== '');
  const standIn = options.form?.standIn === true ? nameOfReasoning(turns) : null;
  const messages: ChatCompletionMessageParam[] = /\S/.test(system)
    ? [{ role: 'system', content: system }]
    : [];
  for (const turn of turns) {
    if (turn.role === 'assistant') messages.push(assistantMessage(turn, standIn, options, wireId));
    else messages.push(...userMessages(turn, options, wireId));
  }
  return messages;
}

function nameOfReasoning(turns: readonly ConversationTurn[]): ReasoningName {
  return reasoningNameIn(
    turns
      .flatMap((turn) => (turn.role === 'assistant' ? turn.blocks : []))
      .flatMap((block) => (block.type === 'opaque' ? [block.data] : []))
      .reverse(),
  );
}

type AssistantTurn = Extract<ConversationTurn, { role: 'assistant' }>;

/** @param standIn - the name of the field that every answer must have. */
function assistantMessage(
  turn: AssistantTurn,
  standIn: ReasoningName | null,
  options: Options,
  wireId: (id: string) => string,
): ChatCompletionAssistantMessageParam & ReasoningFields {
  const texts = turn.blocks.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const calls = toolCalls(turn, options, wireId);
  const { fields, part } = readReasoning(
    turn.blocks.flatMap((block) => (block.type === 'opaque' ? [block.data] : [])),
  );
  const isMissing = standIn !== null && (fields[standIn] ?? '') === '';
  const text = texts.length > 0 ? texts.join('\n\n') : calls.length > 0 ? null : '(nothing)';
  return {
    role: 'assistant',
    content: part === '' ? text : withThinking(part, text),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...fields,
    ...(isMissing ? { [standIn]: STAND_IN_REASONING } : {}),
  };
}

/** The content of an answer whose thinking is a part of it. */
function withThinking(
  thinking: string,
  text: string | null,
): NonNullable<ChatCompletionAssistantMessageParam['content']> {
  const parts: object[] = [{ type: 'thinking', thinking: [{ type: 'text', text: thinking }] }];
  if (text !== null) parts.push({ type: 'text', text });
  // OpenAI's own types know no such part.
  return parts as ChatCompletionContentPartText[];
}

function toolCalls(
  turn: AssistantTurn,
  { provider, names, form }: Options,
  wireId: (id: string) => string,
): NonNullable<ChatCompletionAssistantMessageParam['tool_calls']> {
  const blocks = turn.blocks.filter((block) => block.type === 'tool_use');
  return blocks.map((block, index) => {
    const own = block.vendor?.provider === provider ? callExtras(block.vendor.data) : undefined;
    // Only the first call of an answer must have a signature.
    const extras = own ?? (form?.standInSignature === true && index === 0 ? STAND_IN_EXTRAS : {});
    return {
      id: wireId(block.id),
      type: 'function',
      function: { name: names.toWire(block.name), arguments: JSON.stringify(block.input) },
      ...extras,
    };
  });
}

function userMessages(
  turn: UserTurn,
  options: Options,
  wireId: (id: string) => string,
): ChatCompletionMessageParam[] {
  const messages: ChatCompletionMessageParam[] = [];
  const parts: ChatCompletionContentPart[] = [];
  for (const result of turn.results) {
    const { text, media } = splitResult(result);
    messages.push({ role: 'tool', tool_call_id: wireId(result.tool_use_id), content: text });
    // A tool message takes nothing but text, so what a tool showed follows as the user's.
    if (media.length > 0)
      parts.push(
        { type: 'text', text: `Shown by the tool call ${wireId(result.tool_use_id)}:` },
        ...media.map((block) => toPart(block, options)),
      );
  }
  parts.push(...turn.content.map((block) => toPart(block, options)));
  if (!options.midConversationSystem)
    parts.push(...turn.system.map(({ text }) => ({ type: 'text' as const, text: systemNote(text) })));
  if (
    parts.length === 0 &&
    messages.length === 0 &&
    (turn.system.length === 0 || !options.midConversationSystem)
  )
    parts.push({ type: 'text', text: '(The conversation goes on from here.)' });
  if (parts.length > 0) messages.push({ role: 'user', content: simplest(parts) });
  if (options.midConversationSystem)
    messages.push(...turn.system.map(({ text }) => ({ role: 'system' as const, content: text })));
  return messages;
}

/** Plain text is a string: every server takes that, and not every one a list of parts. */
function simplest(parts: ChatCompletionContentPart[]): string | ChatCompletionContentPart[] {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return texts.length === parts.length ? texts.join('\n\n') : parts;
}

function splitResult(result: ToolResultBlock): { text: string; media: ContentBlock[] } {
  const texts = result.content.map(textOfContent);
  const media = result.content.filter((_block, index) => texts[index] === undefined);
  const said = texts.filter((text) => text !== undefined && /\S/.test(text)).join('\n');
  const text = said !== '' ? said : media.length > 0 ? '(see below)' : '(no output)';
  return { text: result.is_error ? `The tool call failed:\n${text}` : text, media };
}

function toPart(block: ContentBlock, { pdf }: Options): ChatCompletionContentPart {
  const text = textOfContent(block);
  if (text !== undefined) return { type: 'text', text };
  if (block.type === 'image') {
    if (block.source.type === 'url') return { type: 'image_url', image_url: { url: block.source.url } };
    if (block.source.type === 'base64')
      return {
        type: 'image_url',
        image_url: { url: `data:${block.source.media_type};base64,${block.source.data}` },
      };
  }
  if (block.type === 'document' && block.source.type === 'base64' && pdf)
    return {
      type: 'file',
      file: {
        filename: `${block.title ?? 'document'}.pdf`,
        file_data: `data:${block.source.media_type};base64,${block.source.data}`,
      },
    };
  throw new AppError(
    'model_request_refused',
    `The model takes no ${block.type} of this kind; give it as text or base64 first.`,
  );
}
