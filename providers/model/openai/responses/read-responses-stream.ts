import type { Response, ResponseOutputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
import type { Json, JsonObject } from '../../../../core/json.ts';
import type { ReadState, StreamReader } from '../../adapter-stream.ts';
import { finishKind } from '../../finish-words.ts';
import type { ModelStreamPart } from '../../model-provider.ts';
import { createTextPreview } from '../../text-preview.ts';
import { isJsonObject } from '../../tool-input.ts';
import { toModelError } from '../../vendor-failure.ts';
import { createItemCollector, type ItemPlace, type StreamedItem } from './collect-items.ts';

/** Follows the events of one response. It ends when the vendor says how it ended. */
export interface ResponsesStreamReader extends StreamReader<ResponseStreamEvent> {
  /** All items in order; of use only once ended. */
  readonly items: readonly ResponseOutputItem[];
  readonly response: Response | undefined;
}

export function createResponsesStreamReader(vendor: string): ResponsesStreamReader {
  const collected = createItemCollector();
  const shown = new Map<StreamedItem, Map<number, { index: number; push(piece: string): string }>>();
  let count = 0;
  let response: Response | undefined;
  let state: ReadState = 'open';

  /** Numbers the blocks in the order in which they begin: an item, or each text of a message. */
  const begin = (
    item: StreamedItem,
    content: number,
    block: 'text' | 'thinking' | 'tool_use',
  ): ModelStreamPart[] => {
    const blocks = shown.get(item) ?? new Map<number, { index: number; push(piece: string): string }>();
    shown.set(item, blocks);
    if (blocks.has(content)) return [];
    const index = count;
    count += 1;
    blocks.set(content, { index, ...createTextPreview() });
    return [{ type: 'block-start', index, block }];
  };

  const beginItem = (item: StreamedItem): ModelStreamPart[] => {
    if (item.type === 'reasoning') return begin(item, 0, 'thinking');
    return item.type === 'function_call' ? begin(item, 0, 'tool_use') : [];
  };

  const readText = (item: StreamedItem, content: number, piece: string): ModelStreamPart[] => {
    item.texts.set(content, (item.texts.get(content) ?? '') + piece);
    const parts = begin(item, content, 'text');
    const block = shown.get(item)?.get(content);
    const text = block?.push(piece) ?? '';
    return block === undefined || text === ''
      ? parts
      : [...parts, { type: 'text-delta', index: block.index, text }];
  };

  // Some send the text whole, without any deltas before it.
  const readWhole = (item: StreamedItem, content: number, given: string): ModelStreamPart[] =>
    (item.texts.get(content) ?? '') === '' && given !== '' ? readText(item, content, given) : [];

  const end = (whole: Response, status: 'completed' | 'incomplete'): void => {
    const reason: string | undefined = whole.incomplete_details?.reason;
    if (whole.status === 'failed' || whole.status === 'cancelled' || finishKind(reason) === 'broken')
      throw failureOf(whole, vendor);
    // Gateways leave the status out, or let it stand as it was in the middle.
    const isFinal = whole.status === 'incomplete' || whole.status === 'completed';
    response = isFinal ? whole : { ...whole, status };
    state = 'ended';
  };

  return {
    get items() {
      const output: unknown = response?.output;
      return collected.items(Array.isArray(output) ? output.filter(isItem).map(readItem) : []);
    },
    get response() {
      return response;
    },
    get state() {
      return state;
    },
    marked() {
      if (collected.isEmpty || !collected.areCallsWhole) return;
      end({ output: [] as ResponseOutputItem[] } as Response, 'completed');
    },
    read(event) {
      switch (event.type) {
        case 'response.output_item.added':
          return isItem(event.item)
            ? beginItem(collected.begin(placeOf(event, event.item), readItem(event.item)))
            : [];
        case 'response.output_item.done': {
          if (!isItem(event.item)) return [];
          const ended = readItem(event.item);
          const item = collected.repeated(ended) ?? collected.at(placeOf(event, event.item), ended.type);
          item.done = ended;
          return [];
        }
        case 'response.output_text.delta':
          return readText(collected.at(placeOf(event), 'message'), event.content_index ?? 0, event.delta);
        case 'response.output_text.done':
          return readWhole(collected.at(placeOf(event), 'message'), event.content_index ?? 0, event.text);
        case 'response.content_part.done':
          return event.part.type === 'output_text'
            ? readWhole(collected.at(placeOf(event), 'message'), event.content_index ?? 0, event.part.text)
            : [];
        case 'response.refusal.delta':
          collected.at(placeOf(event), 'message').refusal += event.delta;
          return [];
        case 'response.function_call_arguments.delta': {
          const item = collected.at(placeOf(event), 'function_call');
          item.json += event.delta;
          return beginItem(item);
        }
        case 'response.function_call_arguments.done': {
          const item = collected.at(placeOf(event), 'function_call');
          item.json = event.arguments || item.json;
          item.name = 'name' in event && typeof event.name === 'string' ? event.name : item.name;
          return beginItem(item);
        }
        case 'response.failed':
          throw failureOf(event.response, vendor);
        case 'response.completed':
          end(event.response, 'completed');
          return [];
        case 'response.incomplete':
          end(event.response, 'incomplete');
          return [];
        default:
          return [];
      }
    },
  };
}

/** The event that a whole response is worth. */
export function wholeResponse(answer: JsonObject): Json[] {
  const { status } = answer;
  const inner = answer['response'];
  // The words of gateways and of the API for speech for the last event.
  if (answer['type'] === 'response.done' && isJsonObject(inner ?? null))
    return wholeResponse({ object: 'response', ...(inner as JsonObject) });
  if (answer['type'] === 'response.cancelled')
    return [{ type: 'error', message: 'the response was cancelled' }];
  if (answer['object'] !== 'response' && !(Array.isArray(answer['output']) && answer['type'] === undefined))
    return [answer];
  if (status === 'cancelled') return [{ type: 'error', message: 'the response was cancelled' }];
  const end = status === 'failed' || status === 'incomplete' ? status : 'completed';
  return [{ type: `response.${end}`, response: answer }];
}

function placeOf(
  event: { output_index?: number; item_id?: string },
  item?: { id?: string | null },
): ItemPlace {
  const id = item?.id ?? event.item_id;
  return {
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    ...(typeof event.output_index === 'number' ? { outputIndex: event.output_index } : {}),
  };
}

function isItem(value: unknown): value is ResponseOutputItem {
  return isJsonObject(value) && typeof value['type'] === 'string';
}

/** An item with the arguments of its call as text, which some servers send as the object that they are. */
function readItem(item: ResponseOutputItem): ResponseOutputItem {
  if (item.type !== 'function_call') return item;
  const given: unknown = item.arguments;
  if (typeof given === 'string') return item;
  return { ...item, arguments: given === undefined || given === null ? '' : JSON.stringify(given) };
}

function failureOf(response: Response, vendor: string): Error {
  return toModelError({
    vendor,
    type: response.error?.code,
    message:
      response.error?.message ??
      `the response broke off (${response.incomplete_details?.reason ?? response.status ?? 'failed'})`,
  });
}
