import type { ContentBlockParam, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import type {
  OpaqueBlock,
  TextBlock,
  ToolUseBlock,
  TranscriptMessage,
} from '../../../core/session/content.ts';
import { wireCallIds } from '../call-ids.ts';
import { STAND_IN_REASONING } from '../history/history-form.ts';
import { toTurns, type ConversationTurn } from '../conversation.ts';
import { systemNote } from '../system-note.ts';
import type { ToolNames } from '../tool-names.ts';
import { isThinkingData } from './thinking-data.ts';
import { toAnthropicContent, toAnthropicResult } from './to-content.ts';

/** The `messages` of a request. */
export function toAnthropicMessages(
  transcript: readonly TranscriptMessage[],
  options: { provider: string; names: ToolNames; midConversationSystem: boolean; standIn?: boolean },
): MessageParam[] {
  const { provider, names, midConversationSystem } = options;
  const turns = toTurns(transcript, provider);
  const wireId = wireCallIds(turns, provider, (id) => /^[a-zA-Z0-9_-]{1,64}$/.test(id));
  const messages: MessageParam[] = [];
  for (const turn of turns) {
    if (turn.role === 'assistant') {
      messages.push({
        role: 'assistant',
        content: [
          ...(options.standIn === true ? standInFor(turn.blocks) : []),
          ...turn.blocks.map((block) => toAssistantBlock(block, names, wireId)),
        ],
      });
      continue;
    }
    const content = userContent(turn, wireId);
    const system = turn.system.map(({ text }) => ({ type: 'text' as const, text }));
    const inPlace = midConversationSystem && content.length > 0;
    if (!inPlace)
      content.push(...system.map(({ text }) => ({ type: 'text' as const, text: systemNote(text) })));
    if (content.length === 0) content.push({ type: 'text', text: '(The conversation goes on from here.)' });
    messages.push({ role: 'user', content });
    if (inPlace && system.length > 0) messages.push({ role: 'system', content: system });
  }
  return messages;
}

/** Thinking for an answer that begins with none, where the server wants some; such servers sign none. */
function standInFor(blocks: readonly { type: string }[]): ContentBlockParam[] {
  return blocks[0]?.type === 'opaque'
    ? []
    : [{ type: 'thinking', thinking: STAND_IN_REASONING, signature: '' }];
}

function userContent(
  turn: Extract<ConversationTurn, { role: 'user' }>,
  wireId: (id: string) => string,
): ContentBlockParam[] {
  const results: ContentBlockParam[] = [];
  const after: ContentBlockParam[] = [];
  for (const block of turn.results) {
    const converted = toAnthropicResult(block, wireId(block.tool_use_id));
    results.push(converted.result);
    after.push(...converted.after);
  }
  return [...results, ...after, ...turn.content.map(toAnthropicContent)];
}

function toAssistantBlock(
  block: TextBlock | OpaqueBlock | ToolUseBlock,
  names: ToolNames,
  wireId: (id: string) => string,
): ContentBlockParam {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'tool_use':
      return { type: 'tool_use', id: wireId(block.id), name: names.toWire(block.name), input: block.input };
    case 'opaque':
      if (isThinkingData(block.data)) return block.data;
      throw new TypeError('An opaque block of this provider holds no thinking.');
    default:
      return block satisfies never;
  }
}
