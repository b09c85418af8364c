import type { Json, JsonObject } from '../../../core/json.ts';
import { isJsonObject } from '../tool-input.ts';

/** Lets the vendor take calls that another vendor's model made, which have no signature of its own. */
const FOREIGN_SIGNATURE = 'skip_thought_signature_validator';

/** What an opaque block of this provider holds: a thought's summary, for people, or a signature that stands alone. */
export type GeminiData = { type: 'thought'; text: string } | { type: 'signature'; thoughtSignature: string };

export function signatureIn(data: Json): string | undefined {
  return isJsonObject(data) && data['type'] === 'signature' ? textOf(data['thoughtSignature']) : undefined;
}

/** What is kept with a call so that it goes back as it came. */
export function callData(thoughtSignature: string | undefined): JsonObject {
  return thoughtSignature === undefined ? {} : { thoughtSignature };
}

/**
 * The signature that a call goes back with: its own; none where the vendor gave none; a stand-in for the first call of an answer that
 * another vendor gave, which the vendor would refuse without.
 */
export function callSignature(
  vendor: { provider: string; data?: Json } | undefined,
  provider: string,
  position: 'first' | 'later',
): string | undefined {
  if (vendor?.provider !== provider) return position === 'first' ? FOREIGN_SIGNATURE : undefined;
  return vendor.data !== undefined && isJsonObject(vendor.data)
    ? textOf(vendor.data['thoughtSignature'])
    : undefined;
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
