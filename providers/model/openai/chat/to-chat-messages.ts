import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import { AppError } from '../../../../core/errors.ts';
import type { ContentBlock, ToolResultBlock, TranscriptMessage } from '../../../../core/session/content.ts';
import { wireCallIds } from '../../call-ids.ts';
import { toTurns, type ConversationTurn } from '../../conversation.ts';
import { systemNote } from '../../system-note.ts';
import { textOfContent } from '../../text-content.ts';
import type { ToolNames } from '../../tool-names.ts';
import { readReasoning, type ReasoningFields } from './reasoning.ts';

type UserTurn = Extract<ConversationTurn, { role: 'user' }>;

interface Options {
  provider: string;
  names: ToolNames;
  midConversationSystem: boolean;
  pdf: boolean;
}

/** The `messages` of a request, the system prompt first. */
export function toChatMessages(
  system: string,
  transcript: readonly TranscriptMessage[],
  options: Options,
): ChatCompletionMessageParam[] {
  const turns = toTurns(transcript, options.provider);
  const wireId = wireCallIds(turns, options.provider, (id) => id !== '');
  const loop = turns.findLastIndex((turn) => turn.role === 'user' && turn.content.length > 0);
  const messages: ChatCompletionMessageParam[] = /\S/.test(system)
    ? [{ role: 'system', content: system }]
    : [];
  for (const [index, turn] of turns.entries()) {
    if (turn.role === 'assistant') messages.push(assistantMessage(turn, index > loop, options, wireId));
    else messages.push(...userMessages(turn, options, wireId));
  }
  return messages;
}

/** @param current - whether the turn belongs to the tool loop that goes on; only there reasoning goes back. */
function assistantMessage(
  turn: Extract<ConversationTurn, { role: 'assistant' }>,
  current: boolean,
  { names }: Options,
  wireId: (id: string) => string,
): ChatCompletionAssistantMessageParam & ReasoningFields {
  const texts: string[] = [];
  const calls: NonNullable<ChatCompletionAssistantMessageParam['tool_calls']> = [];
  let reasoning: ReasoningFields = {};
  for (const block of turn.blocks) {
    if (block.type === 'text') texts.push(block.text);
    else if (block.type === 'opaque')
      reasoning = { ...reasoning, ...(current ? readReasoning(block.data) : {}) };
    else
      calls.push({
        id: wireId(block.id),
        type: 'function',
        function: { name: names.toWire(block.name), arguments: JSON.stringify(block.input) },
      });
  }
  return {
    role: 'assistant',
    content: texts.length > 0 ? texts.join('\n\n') : calls.length > 0 ? null : '(nothing)',
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...reasoning,
  };
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
