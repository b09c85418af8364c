import type {
  ContentBlock,
  OpaqueBlock,
  TextBlock,
  ToolResultBlock,
  ToolUseBlock,
  TranscriptMessage,
} from '../../core/session/content.ts';

/** What one side said until the other answers: the shape that every vendor's request is built from. */
export type ConversationTurn =
  | {
      role: 'user';
      /** Answers to the tool uses of the turn before; they come first in every format. */
      results: ToolResultBlock[];
      content: ContentBlock[];
      /** System messages that were sent with this turn; they apply after it. */
      system: TextBlock[];
    }
  | { role: 'assistant'; blocks: (TextBlock | OpaqueBlock | ToolUseBlock)[] };

/**
 * Merges a transcript into strictly alternating turns, a user's first, and drops what no vendor accepts: text without a visible
 * character, opaque blocks of other providers, and messages that are empty without them. Later messages never change earlier turns,
 * so a growing transcript keeps its cached prefix.
 */
export function toTurns(messages: readonly TranscriptMessage[], provider: string): ConversationTurn[] {
  const turns: ConversationTurn[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (message.role === 'assistant') {
      const blocks = message.content.filter((block) => isOfAssistant(block, provider));
      if (blocks.length === 0) continue;
      if (last === undefined) turns.push(emptyUserTurn());
      if (last?.role === 'assistant') last.blocks.push(...blocks);
      else turns.push({ role: 'assistant', blocks });
      continue;
    }
    const turn = last?.role === 'user' ? last : emptyUserTurn();
    for (const block of message.content) {
      if (message.role === 'system') {
        if (isVisibleText(block)) turn.system.push(block);
      } else if (block.type === 'tool_result') turn.results.push(block);
      else if (isOfUser(block)) turn.content.push(block);
    }
    const empty = turn.results.length + turn.content.length + turn.system.length === 0;
    if (turn !== last && !empty) turns.push(turn);
  }
  return turns;
}

function emptyUserTurn(): Extract<ConversationTurn, { role: 'user' }> {
  return { role: 'user', results: [], content: [], system: [] };
}

function isOfAssistant(
  block: TranscriptMessage['content'][number],
  provider: string,
): block is TextBlock | OpaqueBlock | ToolUseBlock {
  if (block.type === 'opaque') return block.provider === provider;
  return block.type === 'tool_use' || isVisibleText(block);
}

function isOfUser(block: TranscriptMessage['content'][number]): block is ContentBlock {
  if (block.type === 'text') return isVisibleText(block);
  return block.type === 'image' || block.type === 'document' || block.type === 'search_result';
}

/** Vendors refuse text blocks that are empty or hold only white space. */
export function isVisibleText(block: { type: string }): block is TextBlock {
  return block.type === 'text' && 'text' in block && typeof block.text === 'string' && /\S/.test(block.text);
}
