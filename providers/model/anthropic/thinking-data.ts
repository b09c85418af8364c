import type { RedactedThinkingBlockParam, ThinkingBlockParam } from '@anthropic-ai/sdk/resources/messages';
import type { Json } from '../../../core/json.ts';
import { isJsonObject } from '../tool-input.ts';

/** What an opaque block of this provider holds: the vendor's block as it came, to be sent back as it is. */
export type ThinkingData = (ThinkingBlockParam | RedactedThinkingBlockParam) & { [key: string]: Json };

export function isThinkingData(data: Json): data is ThinkingData {
  if (!isJsonObject(data)) return false;
  if (data['type'] === 'thinking')
    return typeof data['thinking'] === 'string' && typeof data['signature'] === 'string';
  return data['type'] === 'redacted_thinking' && typeof data['data'] === 'string';
}
