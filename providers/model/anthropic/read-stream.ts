import type {
  RawContentBlockDeltaEvent,
  RawContentBlockStartEvent,
  RawMessageStreamEvent,
} from '@anthropic-ai/sdk/resources/messages';
import type { ModelStreamPart, ModelUsage } from '../model-provider.ts';
import { sumUsage } from '../sum-usage.ts';
import { createTextPreview } from '../text-preview.ts';
import { toModelError } from '../vendor-failure.ts';
import type { CollectedBlock, CollectedMessage } from './to-response.ts';
import { addUsage, emptyUsage } from './usage.ts';

/** Follows one response stream and collects it. Anything out of order fails as `model_unreachable`. */
export interface AnthropicStreamReader {
  /** The previews that this event is worth. Events of unknown types are worth none and break nothing. */
  read(event: RawMessageStreamEvent): ModelStreamPart[];
  /** Whether `message_stop` came. */
  readonly complete: boolean;
  /** What came; of use only once complete. */
  readonly message: CollectedMessage;
}

interface OpenBlock {
  block: CollectedBlock;
  preview: { push(piece: string): string };
}

/**
 * Both parameters say what came before, when this stream continues an earlier one.
 *
 * @param firstIndex - the index of the first block.
 * @param before - what the streams before it used.
 */
export function createAnthropicStreamReader(firstIndex: number, before: ModelUsage): AnthropicStreamReader {
  const message: CollectedMessage = {
    id: null,
    model: null,
    blocks: [],
    usage: emptyUsage(),
    stopReason: null,
    refusal: undefined,
  };
  const open = new Map<number, OpenBlock>();
  let state: 'waiting' | 'started' | 'stopped' = 'waiting';

  const count = (reported: Parameters<typeof addUsage>[1]): ModelStreamPart[] => {
    message.usage = addUsage(message.usage, reported);
    return [{ type: 'usage', usage: sumUsage(before, message.usage) }];
  };

  const onBlockStart = (event: RawContentBlockStartEvent): ModelStreamPart[] => {
    if (event.index !== message.blocks.length || open.size > 0)
      throw broken(`block ${event.index} out of order`);
    const block = blockOf(event.content_block);
    message.blocks.push(block);
    open.set(event.index, { block, preview: createTextPreview() });
    const index = firstIndex + event.index;
    const start: ModelStreamPart = { type: 'block-start', index, block: previewKindOf(block) };
    // Some servers put the beginning of the text into the start of the block.
    return block.type === 'text' && block.text !== ''
      ? [start, { type: 'text-delta', index, text: block.text }]
      : [start];
  };

  const onBlockDelta = ({ index, delta }: RawContentBlockDeltaEvent): ModelStreamPart[] => {
    const entry = open.get(index);
    if (entry === undefined) throw broken(`a piece of block ${index}, which is not open`);
    const { block, preview } = entry;
    switch (delta.type) {
      case 'text_delta': {
        if (block.type !== 'text') throw broken(`text in a ${block.type} block`);
        block.text += delta.text;
        const text = preview.push(delta.text);
        return text === '' ? [] : [{ type: 'text-delta', index: firstIndex + index, text }];
      }
      case 'input_json_delta':
        if (block.type !== 'tool_use') throw broken(`tool input in a ${block.type} block`);
        block.json += delta.partial_json;
        return [];
      case 'thinking_delta':
        if (block.type !== 'thinking') throw broken(`thinking in a ${block.type} block`);
        block.thinking += delta.thinking;
        return [];
      case 'signature_delta':
        if (block.type !== 'thinking') throw broken(`a signature in a ${block.type} block`);
        block.signature += delta.signature;
        return [];
      case 'citations_delta':
        return [];
      default:
        return ignored(delta);
    }
  };

  return {
    message,
    get complete() {
      return state === 'stopped';
    },
    read(event) {
      if (event.type === 'message_start') {
        if (state !== 'waiting') throw broken('a second message_start');
        state = 'started';
        message.id = event.message.id;
        message.model = event.message.model;
        return count(event.message.usage);
      }
      switch (event.type) {
        case 'content_block_start':
          requireStarted(state, event.type);
          return onBlockStart(event);
        case 'content_block_delta':
          requireStarted(state, event.type);
          return onBlockDelta(event);
        case 'content_block_stop':
          if (!open.delete(event.index)) throw broken(`the end of block ${event.index}, which is not open`);
          return [];
        case 'message_delta':
          requireStarted(state, event.type);
          message.stopReason = event.delta.stop_reason ?? message.stopReason;
          message.refusal = event.delta.stop_details ?? message.refusal;
          return count(event.usage);
        case 'message_stop':
          requireStarted(state, event.type);
          if (open.size > 0) throw broken('message_stop inside a block');
          if (message.stopReason === null) throw broken('message_stop without a stop reason');
          state = 'stopped';
          return [];
        default:
          return ignored(event);
      }
    },
  };
}

/** The vendor adds types without notice; the compiler only knows those of today. */
function ignored(_unknown: never): ModelStreamPart[] {
  return [];
}

function requireStarted(state: 'waiting' | 'started' | 'stopped', type: string): void {
  if (state === 'waiting') throw broken(`${type} before message_start`);
  if (state === 'stopped') throw broken(`${type} after message_stop`);
}

function broken(what: string): Error {
  return toModelError({ vendor: 'Anthropic', message: `its stream broke the protocol: ${what}` });
}

function blockOf(block: RawContentBlockStartEvent['content_block']): CollectedBlock {
  if (block.type === 'text') return { type: 'text', text: block.text ?? '' };
  if (block.type === 'thinking')
    return { type: 'thinking', thinking: block.thinking ?? '', signature: block.signature ?? '' };
  if (block.type === 'redacted_thinking') return { type: 'redacted_thinking', data: block.data };
  if (block.type === 'tool_use')
    return { type: 'tool_use', id: block.id, name: block.name, json: '', given: block.input };
  // Only tools that run at the vendor's have other blocks, and no request asks for one.
  throw broken(`a ${block.type} block, which nothing asked for`);
}

function previewKindOf(block: CollectedBlock): 'text' | 'thinking' | 'tool_use' {
  return block.type === 'redacted_thinking' ? 'thinking' : block.type;
}
