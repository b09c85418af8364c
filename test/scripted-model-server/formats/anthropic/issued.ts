import { isDeepStrictEqual } from 'node:util';
import { isHiddenThinking, signatureOf } from '../../signatures.ts';
import type { Message } from './request-schema.ts';

type AssistantBlock = Extract<Message, { role: 'assistant' }>['content'][number];

/** What the server said, to compare with what comes back. */
export interface IssuedAnswers {
  remember(blocks: AssistantBlock[]): void;
  /** Thinking that was changed, and answers that come back other than they were given. */
  violations(messages: readonly Message[]): string[];
}

export function createIssuedAnswers(): IssuedAnswers {
  const byCallId = new Map<string, AssistantBlock[]>();
  return {
    remember(blocks) {
      const visible = blocks.filter((block) => block.type !== 'text' || /\S/.test(block.text));
      const ids = blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
      for (const id of ids) {
        // An id that was given out twice says nothing about the answer it belongs to.
        if (byCallId.has(id) || ids.filter((other) => other === id).length > 1) byCallId.delete(id);
        else byCallId.set(id, visible);
      }
    },
    violations(messages) {
      return messages.flatMap((message, index) => {
        if (message.role !== 'assistant') return [];
        const at = `messages.${String(index)}`;
        return [
          ...thinkingViolations(message.content, at),
          ...changeViolations(message.content, byCallId, at),
        ];
      });
    },
  };
}

function thinkingViolations(blocks: readonly AssistantBlock[], at: string): string[] {
  return blocks.flatMap((block) => {
    if (block.type === 'thinking' && block.signature !== signatureOf(block.thinking))
      return [`${at}: invalid signature in a thinking block`];
    if (block.type === 'redacted_thinking' && !isHiddenThinking(block.data))
      return [`${at}: invalid data in a redacted_thinking block`];
    return [];
  });
}

function changeViolations(
  blocks: readonly AssistantBlock[],
  byCallId: ReadonlyMap<string, AssistantBlock[]>,
  at: string,
): string[] {
  const call = blocks.find((block) => block.type === 'tool_use');
  const issued = call?.type === 'tool_use' ? byCallId.get(call.id) : undefined;
  if (issued === undefined) return [];
  const bare = blocks.map(({ ...block }) => {
    if ('cache_control' in block) delete block.cache_control;
    return block;
  });
  // Answers that were merged with the one before or after contain it as a whole.
  const start = bare.findIndex((_block, index) =>
    isDeepStrictEqual(bare.slice(index, index + issued.length), issued),
  );
  return start === -1 ? [`${at}: not what the model said`] : [];
}
