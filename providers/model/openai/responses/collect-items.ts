import type {
  ResponseFunctionToolCall,
  ResponseOutputItem,
  ResponseOutputMessage,
} from 'openai/resources/responses/responses';
import { readToolInput } from '../../tool-input.ts';

/** What is known of one output item while it is streamed. */
export interface StreamedItem {
  type: string;
  id: string | undefined;
  outputIndex: number | undefined;
  /** As it began. */
  added: ResponseOutputItem | undefined;
  /** As it ended; then nothing else counts. */
  done: ResponseOutputItem | undefined;
  /** The texts of a message by their place in it, from their deltas. */
  texts: Map<number, string>;
  refusal: string;
  name: string;
  json: string;
}

/** Where an event says that it belongs. */
export interface ItemPlace {
  id?: string | undefined;
  outputIndex?: number | undefined;
}

/** Puts the output items of a response together from all the places where servers put them. */
export interface ItemCollector {
  /** An item begins. */
  begin(place: ItemPlace, item: ResponseOutputItem): StreamedItem;
  /** The item that a piece belongs to; it begins here where its beginning did not come. */
  at(place: ItemPlace, type: string): StreamedItem;
  /** The call that an item is once more, by what the vendor calls it and all that it says. */
  repeated(item: ResponseOutputItem): StreamedItem | undefined;
  /** Whether anything came. */
  readonly isEmpty: boolean;
  /** Whether every call has ended, or has all of its arguments. */
  readonly areCallsWhole: boolean;
  /** All items in order, with what stands in the last event. */
  items(output: readonly ResponseOutputItem[]): ResponseOutputItem[];
}

/**
 * Items are told apart by their id; servers that leave it out, or write another into each event, by their place; and those that give
 * all the same place by the end of the one before.
 */
export function createItemCollector(): ItemCollector {
  const streamed: StreamedItem[] = [];

  const start = ({ id, outputIndex }: ItemPlace, type: string): StreamedItem => {
    const item: StreamedItem = {
      type,
      id,
      outputIndex,
      added: undefined,
      done: undefined,
      texts: new Map(),
      refusal: '',
      name: '',
      json: '',
    };
    streamed.push(item);
    return item;
  };

  const find = ({ id, outputIndex }: ItemPlace, type: string): StreamedItem | undefined => {
    const alike = streamed.filter((item) => item.type === type);
    const open = alike.filter(({ done }) => done === undefined);
    return (
      (id === undefined ? undefined : alike.find((item) => item.id === id)) ??
      (outputIndex === undefined ? undefined : open.findLast((item) => item.outputIndex === outputIndex)) ??
      (outputIndex === undefined ? open.at(-1) : undefined)
    );
  };

  return {
    get isEmpty() {
      return streamed.length === 0;
    },
    get areCallsWhole() {
      return streamed.every(
        ({ type, done, json }) =>
          type !== 'function_call' ||
          done !== undefined ||
          (json !== '' && readToolInput(json).input !== null),
      );
    },
    begin(place, added) {
      const known = place.id === undefined ? undefined : streamed.find(({ id }) => id === place.id);
      const item = known ?? start(place, added.type);
      item.added = added;
      return item;
    },
    repeated: (item) =>
      item.type !== 'function_call' || !item.call_id
        ? undefined
        : streamed.find(
            ({ done }) =>
              done?.type === 'function_call' &&
              done.call_id === item.call_id &&
              done.name === item.name &&
              done.arguments === item.arguments,
          ),
    at: (place, type) => find(place, type) ?? start(place, type),
    items(output) {
      return merged(streamed.map(itemOf), output);
    },
  };
}

function itemOf(item: StreamedItem): ResponseOutputItem {
  if (item.done !== undefined) return item.done;
  if (item.type === 'function_call') return callOf(item);
  return item.type === 'message'
    ? messageOf(item)
    : (item.added ?? ({ type: item.type } as ResponseOutputItem));
}

function callOf({ added, id, name, json }: StreamedItem): ResponseFunctionToolCall {
  const begun = added?.type === 'function_call' ? added : undefined;
  const given = begun?.arguments ?? '';
  return {
    type: 'function_call',
    ...(id === undefined ? {} : { id }),
    call_id: begun?.call_id ?? '',
    name: begun?.name || name,
    arguments: json === '' ? given : json,
  };
}

function messageOf({ added, id, texts, refusal }: StreamedItem): ResponseOutputMessage {
  const begun = added?.type === 'message' && Array.isArray(added.content) ? added.content : [];
  const streamed = [...texts]
    .sort(([first], [second]) => first - second)
    .map(([, text]) => ({ type: 'output_text' as const, text, annotations: [] }));
  const refused = refusal === '' ? [] : [{ type: 'refusal' as const, refusal }];
  const content = [...streamed, ...refused];
  return {
    type: 'message',
    id: id ?? '',
    role: 'assistant',
    status: 'completed',
    content: content.length > 0 ? content : begun,
  };
}

/** Both lists in one: what only one of them has is kept, and of what both have the fuller one. */
function merged(
  streamed: readonly ResponseOutputItem[],
  output: readonly ResponseOutputItem[],
): ResponseOutputItem[] {
  const own = keyed(streamed);
  const final = keyed(output);
  const fuller = (key: string): ResponseOutputItem[] => {
    const versions = [own.get(key), final.get(key)].filter((item) => item !== undefined);
    return versions.toSorted((one, other) => sizeOf(other) - sizeOf(one)).slice(0, 1);
  };
  const isCovered = [...own.keys()].every((key) => final.has(key));
  const keys = isCovered ? [...final.keys()] : [...own.keys(), ...final.keys()];
  return [...new Set(keys)].flatMap(fuller);
}

function sizeOf(item: ResponseOutputItem): number {
  return JSON.stringify(item).length;
}

/** Items by what they are in both lists: a call's own id, else their place among those of their type. Some servers change other ids. */
function keyed(items: readonly ResponseOutputItem[]): Map<string, ResponseOutputItem> {
  const counts = new Map<string, number>();
  const byKey = new Map<string, ResponseOutputItem>();
  for (const item of items) {
    const count = counts.get(item.type) ?? 0;
    counts.set(item.type, count + 1);
    const call = item.type === 'function_call' && item.call_id ? `call ${item.call_id}` : undefined;
    const key = call !== undefined && !byKey.has(call) ? call : `${item.type} ${String(count)}`;
    byKey.set(key, item);
  }
  return byKey;
}
