import { createHash } from 'node:crypto';
import type { CallDigests } from '../core/journal/turn.ts';
import type { Json, JsonObject } from '../core/json.ts';

/**
 * Short names of tool calls, equal for equal calls whatever the order of their fields. They are too short to find an input by trying:
 * the journal holds them as they are, also where its contents are encrypted.
 */
export function callDigests(calls: readonly { name: string; input: JsonObject }[]): CallDigests {
  const digests = calls.map(({ name, input }) => digest(`${name} ${sorted(input)}`));
  return { calls: digests, round: digest(digests.join()) };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function sorted(value: Json): string {
  return JSON.stringify(value, (_key, inner: Json) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
