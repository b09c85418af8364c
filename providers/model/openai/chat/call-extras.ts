import type { Json, JsonObject } from '../../../../core/json.ts';
import { isJsonObject } from '../../tool-input.ts';

/**
 * What servers send along with a call beyond what OpenAI defines, to have it back with the call: Gemini's thought signature under
 * `extra_content`, and the same under LiteLLM's name.
 */
const NAMES = ['extra_content', 'provider_specific_fields'] as const;

/** The extras of a call, or of a piece of one; undefined where it has none. */
export function callExtras(call: unknown): JsonObject | undefined {
  if (typeof call !== 'object' || call === null) return undefined;
  const fields = call as Record<string, Json>;
  const extras = NAMES.flatMap((name) => {
    const value = fields[name];
    return value !== undefined && isJsonObject(value) ? [[name, value] as const] : [];
  });
  return extras.length === 0 ? undefined : Object.fromEntries(extras);
}

/** What Gemini takes where a call has no signature: https://ai.google.dev/gemini-api/docs/thought-signatures */
export const STAND_IN_EXTRAS: JsonObject = {
  extra_content: { google: { thought_signature: 'skip_thought_signature_validator' } },
};
