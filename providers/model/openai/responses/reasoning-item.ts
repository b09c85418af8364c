import type { ResponseReasoningItem } from 'openai/resources/responses/responses';
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isJsonObject } from '../../tool-input.ts';

type ReasoningItem = ResponseReasoningItem & { [key: string]: Json };

/**
 * The reasoning item that an opaque block of this format holds, as it came; undefined where it holds no reasoning, but its id and a
 * summary: a server that stores nothing looks for such an item in vain.
 */
export function readReasoningItem(data: Json): ReasoningItem | undefined {
  if (!isReasoningItem(data)) return undefined;
  const { encrypted_content: encrypted, content = [] } = data;
  return (encrypted ?? '') !== '' || content.length > 0 ? data : undefined;
}

function isReasoningItem(data: Json): data is ReasoningItem {
  return (
    isJsonObject(data) &&
    data['type'] === 'reasoning' &&
    typeof data['id'] === 'string' &&
    Array.isArray(data['summary'])
  );
}

/** What is kept of a reasoning item. Its `status` is the stream's own business and is refused in a request. */
export function toReasoningData(item: ResponseReasoningItem): JsonObject {
  const { status: _status, ...kept } = item;
  return JSON.parse(JSON.stringify(kept)) as JsonObject;
}
