import type { ConverseStreamOutput, TokenUsage } from '@aws-sdk/client-bedrock-runtime';
import type { ReadState, StreamReader } from '../../../adapter-stream.ts';
import type { ModelStreamPart, ModelUsage } from '../../../model-provider.ts';
import { createTextPreview } from '../../../text-preview.ts';

/** A content block as it was collected from a stream. */
export type ConverseBlock =
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  | { type: 'tool_use'; id: string; name: string; json: string };

export interface CollectedConverse {
  blocks: ConverseBlock[];
  stopReason: string | null;
  usage: ModelUsage | null;
}

/** Follows one stream of Converse and collects it. Events of unknown kinds are worth nothing and break nothing. */
export interface ConverseStreamReader extends StreamReader<ConverseStreamOutput> {
  readonly answer: CollectedConverse;
}

interface OpenBlock {
  index: number;
  block: ConverseBlock;
  preview: { push(piece: string): string };
}

export function createConverseStreamReader(): ConverseStreamReader {
  const answer: CollectedConverse = { blocks: [], stopReason: null, usage: null };
  const open = new Map<number, OpenBlock>();
  let state: ReadState = 'open';

  const begin = (wireIndex: number, block: ConverseBlock): ModelStreamPart[] => {
    const index = answer.blocks.length;
    answer.blocks.push(block);
    open.set(wireIndex, { index, block, preview: createTextPreview() });
    return [{ type: 'block-start', index, block: block.type }];
  };

  /** Only calls are announced; a piece of another kind under the same number begins a block of its own. */
  const add = (wireIndex: number, type: 'text' | 'thinking', text: string): ModelStreamPart[] => {
    const parts = open.get(wireIndex)?.block.type === type ? [] : begin(wireIndex, { type, text: '' });
    const at = open.get(wireIndex);
    if (at === undefined || at.block.type === 'tool_use') return parts;
    at.block.text += text;
    const shown = type === 'text' ? at.preview.push(text) : '';
    return shown === '' ? parts : [...parts, { type: 'text-delta', index: at.index, text: shown }];
  };

  const readDelta = ({
    contentBlockIndex: wireIndex = 0,
    delta,
  }: Partial<NonNullable<ConverseStreamOutput['contentBlockDelta']>>): ModelStreamPart[] => {
    if (delta?.text !== undefined) return add(wireIndex, 'text', delta.text);
    if (delta?.reasoningContent !== undefined)
      return add(wireIndex, 'thinking', delta.reasoningContent.text ?? '');
    const at = open.get(wireIndex);
    if (delta?.toolUse?.input !== undefined && at?.block.type === 'tool_use')
      at.block.json += delta.toolUse.input;
    return [];
  };

  return {
    answer,
    get state() {
      return state;
    },
    marked() {
      if (answer.blocks.length > 0) state = 'settled';
    },
    read(event) {
      const content = event.contentBlockStart ?? event.contentBlockDelta;
      if (content !== undefined && state !== 'open') state = 'reasoned';
      if (event.contentBlockStart !== undefined) {
        const { contentBlockIndex: index = 0, start } = event.contentBlockStart;
        const { toolUseId, name } = start?.toolUse ?? {};
        if (start?.toolUse === undefined) return [];
        return begin(index, { type: 'tool_use', id: toolUseId ?? '', name: name ?? '', json: '' });
      }
      if (event.contentBlockDelta !== undefined) return readDelta(event.contentBlockDelta);
      if (event.contentBlockStop !== undefined) open.delete(event.contentBlockStop.contentBlockIndex ?? 0);
      if (event.messageStop !== undefined) {
        answer.stopReason = event.messageStop.stopReason ?? null;
        state = 'settled';
      }
      if (event.metadata?.usage === undefined) return [];
      answer.usage = toUsage(event.metadata.usage);
      // It comes after the reason, and nothing comes after it.
      if (state !== 'open') state = 'ended';
      return [{ type: 'usage', usage: answer.usage }];
    },
  };
}

function toUsage(told: TokenUsage): ModelUsage {
  return {
    input_tokens: told.inputTokens ?? 0,
    output_tokens: told.outputTokens ?? 0,
    cache_read_input_tokens: told.cacheReadInputTokens ?? 0,
    cache_creation_5m_input_tokens: told.cacheWriteInputTokens ?? 0,
    cache_creation_1h_input_tokens: 0,
  };
}
