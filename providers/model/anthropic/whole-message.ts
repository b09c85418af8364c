import type { Json, JsonObject } from '../../../core/json.ts';
import { isJsonObject } from '../tool-input.ts';

/** The events that a whole message is worth, where a gateway does not stream; any other event is worth itself. */
export function wholeMessage(answer: JsonObject): Json[] {
  const { content, stop_reason: reason, stop_details: details, usage } = answer;
  if (answer['type'] !== 'message' || !Array.isArray(content)) return [answer];
  const blocks = content.filter(isJsonObject).flatMap((block, index): Json[] => [
    { type: 'content_block_start', index, content_block: block },
    { type: 'content_block_stop', index },
  ]);
  return [
    { type: 'message_start', message: { ...answer, content: [] } },
    ...blocks,
    {
      type: 'message_delta',
      delta: { stop_reason: reason ?? null, stop_details: details ?? null },
      usage: usage ?? null,
    },
    { type: 'message_stop' },
  ];
}
