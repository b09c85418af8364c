import type { Response, ResponseOutputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
import type { StreamReader } from '../../adapter-stream.ts';
import type { ModelStreamPart } from '../../model-provider.ts';
import { createTextPreview } from '../../text-preview.ts';
import { toModelError } from '../../vendor-failure.ts';

/** Follows the events of one response. It is complete when the vendor hands over the whole of it. */
export interface ResponsesStreamReader extends StreamReader<ResponseStreamEvent> {
  /** Finished items by their place; of use only once complete. */
  readonly items: readonly ResponseOutputItem[];
  readonly response: Response | undefined;
}

export function createResponsesStreamReader(vendor: string): ResponsesStreamReader {
  const items = new Map<number, ResponseOutputItem>();
  const shown = new Map<string, { index: number; preview: { push(piece: string): string } }>();
  let response: Response | undefined;

  /** Numbers the blocks in the order in which they begin: an item, or each text of a message. */
  const begin = (key: string, block: 'text' | 'thinking' | 'tool_use'): ModelStreamPart[] => {
    if (shown.has(key)) return [];
    const index = shown.size;
    shown.set(key, { index, preview: createTextPreview() });
    return [{ type: 'block-start', index, block }];
  };

  const readText = (output: number, content: number, piece: string): ModelStreamPart[] => {
    const key = `${String(output)}/${String(content)}`;
    const parts = begin(key, 'text');
    const entry = shown.get(key);
    const text = entry?.preview.push(piece) ?? '';
    return entry === undefined || text === ''
      ? parts
      : [...parts, { type: 'text-delta', index: entry.index, text }];
  };

  return {
    get items() {
      return [...items].sort(([first], [second]) => first - second).map(([, item]) => item);
    },
    get response() {
      return response;
    },
    get complete() {
      return response !== undefined;
    },
    read(event) {
      if (typeof event !== 'object' || event === null)
        throw toModelError({ vendor, message: 'its stream broke the protocol: an event that is no object' });
      if (event.type === 'response.output_item.added') {
        if (event.item.type === 'reasoning') return begin(String(event.output_index), 'thinking');
        if (event.item.type === 'function_call') return begin(String(event.output_index), 'tool_use');
        return [];
      }
      if (event.type === 'response.output_text.delta')
        return readText(event.output_index, event.content_index, event.delta);
      if (event.type === 'response.output_item.done') {
        items.set(event.output_index, event.item);
        return [];
      }
      if (event.type === 'response.failed') throw failureOf(event.response, vendor);
      if (event.type === 'error')
        throw toModelError({ vendor, type: event.code ?? undefined, message: event.message });
      if (event.type === 'response.completed' || event.type === 'response.incomplete')
        response = event.response;
      return [];
    },
  };
}

function failureOf(response: Response, vendor: string): Error {
  return toModelError({
    vendor,
    type: response.error?.code,
    message: response.error?.message ?? 'the response failed without a reason',
  });
}
