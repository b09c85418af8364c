import type {
  RawContentBlockDeltaEvent,
  RawContentBlockStartEvent,
  RawMessageStreamEvent,
} from '@anthropic-ai/sdk/resources/messages';
import type { ReadState, StreamReader } from '../adapter-stream.ts';
import { finishKind } from '../finish-words.ts';
import type { ModelStreamPart, ModelUsage } from '../model-provider.ts';
import { sumUsage } from '../sum-usage.ts';
import { createTextPreview } from '../text-preview.ts';
import { isJsonObject } from '../tool-input.ts';
import { toModelError } from '../vendor-failure.ts';
import type { CollectedBlock, CollectedMessage } from './to-response.ts';
import { addUsage, emptyUsage } from './usage.ts';

/**
 * Follows one response stream and collects it. Events of unknown types are worth nothing and break nothing, and what other servers of this
 * API do in another order is taken: blocks that are open side by side, pieces of a block whose start did not come, a message without
 * its first event or its last. What belongs to no block of its kind fails as `model_unreachable`.
 */
export interface AnthropicStreamReader extends StreamReader<RawMessageStreamEvent> {
  /** What came; of use only once there is a reason for the end. */
  readonly message: CollectedMessage;
}

interface OpenBlock {
  /** Of the block in the response. */
  index: number;
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
  // By the index on the wire; a block that begins anew under the same index is another.
  const blocks = new Map<number, OpenBlock>();
  const closed = new Set<CollectedBlock>();
  let state: ReadState = 'open';

  const count = (reported: Parameters<typeof addUsage>[1]): ModelStreamPart[] => {
    message.usage = addUsage(message.usage, reported);
    return [{ type: 'usage', usage: sumUsage(before, message.usage) }];
  };

  const begin = (wireIndex: number, block: CollectedBlock): ModelStreamPart[] => {
    const index = firstIndex + message.blocks.length;
    message.blocks.push(block);
    blocks.set(wireIndex, { index, block, preview: createTextPreview() });
    const start: ModelStreamPart = { type: 'block-start', index, block: previewKindOf(block) };
    // Some servers put the beginning of the text into the start of the block.
    return block.type === 'text' && block.text !== ''
      ? [start, { type: 'text-delta', index, text: block.text }]
      : [start];
  };

  const onBlockDelta = ({ index: wireIndex, delta }: RawContentBlockDeltaEvent): ModelStreamPart[] => {
    const started = blocks.has(wireIndex) ? [] : beginOf(delta).flatMap((block) => begin(wireIndex, block));
    const entry = blocks.get(wireIndex);
    if (entry === undefined) {
      if (delta.type === 'input_json_delta') throw broken(`a piece of block ${wireIndex}, which is not open`);
      return [];
    }
    const { index, block, preview } = entry;
    switch (delta.type) {
      case 'text_delta': {
        if (block.type !== 'text') throw broken(`text in a ${block.type} block`);
        block.text += delta.text;
        const text = preview.push(delta.text);
        return text === '' ? started : [...started, { type: 'text-delta', index, text }];
      }
      case 'input_json_delta':
        if (block.type !== 'tool_use') throw broken(`tool input in a ${block.type} block`);
        block.json += jsonText(delta.partial_json);
        return [];
      case 'thinking_delta':
        if (block.type !== 'thinking') throw broken(`thinking in a ${block.type} block`);
        block.thinking += delta.thinking;
        return started;
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

  /** A call without its end was cut off, where no reason says that the answer is whole. */
  const isCut = (): boolean =>
    message.stopReason === null &&
    message.blocks.some((block) => block.type === 'tool_use' && !closed.has(block));

  return {
    message,
    get state() {
      return state;
    },
    marked() {
      if (message.blocks.length > 0 && !isCut()) state = 'ended';
    },
    read(event) {
      switch (event.type) {
        case 'message_start':
          // Two answers in one stream, as of a gateway that tried again, would become one.
          if (message.id !== null || message.blocks.length > 0) throw broken('a second message_start');
          message.id = event.message.id ?? '';
          message.model = event.message.model;
          return count(event.message.usage);
        case 'content_block_start':
          if (state !== 'open') state = event.content_block.type === 'tool_use' ? 'open' : 'reasoned';
          return begin(event.index, blockOf(event.content_block));
        case 'content_block_delta':
          if (state === 'settled') state = 'reasoned';
          return onBlockDelta(event);
        case 'content_block_stop': {
          const ended = blocks.get(event.index)?.block;
          if (ended !== undefined) closed.add(ended);
          return [];
        }
        case 'message_delta':
          message.stopReason = event.delta.stop_reason ?? message.stopReason;
          if (finishKind(message.stopReason) === 'broken') throw brokenOff(message.stopReason);
          message.refusal = event.delta.stop_details ?? message.refusal;
          // Words that lack only the last event are whole; calls without it are not run, as what was cut off would be.
          if (message.stopReason !== null && message.blocks.every(({ type }) => type !== 'tool_use'))
            state = 'settled';
          return count(event.usage);
        case 'message_stop':
          // Without a reason and without content it is the end of nothing.
          if (message.stopReason === null && message.blocks.length === 0)
            throw broken('message_stop without a stop reason');
          if (isCut()) throw broken('message_stop inside a block');
          state = 'ended';
          return [];
        default:
          return ignored(event);
      }
    },
  };
}

/** The block that a piece begins whose own beginning did not come. A call cannot: it would have no name. */
function beginOf(delta: RawContentBlockDeltaEvent['delta']): CollectedBlock[] {
  if (delta.type === 'text_delta') return [{ type: 'text', text: '' }];
  return delta.type === 'thinking_delta' ? [{ type: 'thinking', thinking: '', signature: '' }] : [];
}

/** The vendor adds types without notice; the compiler only knows those of today. */
function ignored(_unknown: never): ModelStreamPart[] {
  return [];
}

function broken(what: string): Error {
  return toModelError({ vendor: 'Anthropic', message: `its stream broke the protocol: ${what}` });
}

/** Other servers of this API put their own words here. */
function brokenOff(word: string | null): Error {
  return toModelError({ vendor: 'Anthropic', message: `the answer broke off (${String(word)})` });
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

/** A piece of arguments; some gateways send the object that they are in place of its text. */
function jsonText(piece: unknown): string {
  return typeof piece === 'string' ? piece : isJsonObject(piece) ? JSON.stringify(piece) : '';
}
