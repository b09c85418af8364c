import type { Json, JsonObject } from '../../../../core/json.ts';
import { isJsonObject } from '../../tool-input.ts';

/**
 * How servers that speak this protocol show reasoning, beyond what OpenAI defines: as text under one of two names, or as a list of
 * details that must come back as it was.
 */
export interface ReasoningFields {
  reasoning_content?: string;
  reasoning?: string;
  reasoning_details?: JsonObject[];
}

/** What an opaque block of this format holds. */
export function readReasoning(data: Json): ReasoningFields {
  if (!isJsonObject(data) || data['type'] !== 'chat_reasoning') return {};
  const { reasoning_content: content, reasoning, reasoning_details: details } = data;
  return {
    ...(typeof content === 'string' ? { reasoning_content: content } : {}),
    ...(typeof reasoning === 'string' ? { reasoning } : {}),
    ...(Array.isArray(details) ? { reasoning_details: details.filter(isJsonObject) } : {}),
  };
}

/** Gathers the reasoning of a stream. */
export interface ReasoningCollector {
  /** Whether the delta holds any. */
  add(delta: object): boolean;
  /** The data of the opaque block, if there was any. */
  data(): JsonObject | undefined;
}

export function createReasoningCollector(): ReasoningCollector {
  const texts: { reasoning_content?: string; reasoning?: string } = {};
  const details = new Map<string, JsonObject>();
  return {
    add(delta) {
      let any = false;
      for (const name of ['reasoning_content', 'reasoning'] as const) {
        const piece: unknown = name in delta ? (delta as Record<string, unknown>)[name] : undefined;
        if (typeof piece !== 'string' || piece === '') continue;
        texts[name] = (texts[name] ?? '') + piece;
        any = true;
      }
      const pieces: unknown = 'reasoning_details' in delta ? delta.reasoning_details : undefined;
      for (const [position, piece] of (Array.isArray(pieces) ? pieces : []).entries()) {
        if (!isJsonObject(piece)) continue;
        const key = JSON.stringify([piece['type'], piece['index'] ?? position]);
        details.set(key, merged(details.get(key) ?? {}, piece));
        any = true;
      }
      return any;
    },
    data() {
      if (Object.keys(texts).length === 0 && details.size === 0) return undefined;
      return {
        type: 'chat_reasoning',
        ...texts,
        ...(details.size > 0 ? { reasoning_details: [...details.values()] } : {}),
      };
    },
  };
}

const STREAMED = new Set(['text', 'summary', 'data']);

/** The pieces of one detail add up where they are text that is streamed; everything else is named once. */
function merged(before: JsonObject, piece: JsonObject): JsonObject {
  const result = { ...before };
  for (const [name, value] of Object.entries(piece)) {
    const known = result[name];
    if (STREAMED.has(name) && typeof known === 'string' && typeof value === 'string')
      result[name] = known + value;
    else if (value !== null || known === undefined) result[name] = value;
  }
  return result;
}
