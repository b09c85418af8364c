import type { Json, JsonObject } from '../json.ts';

/** Deeper values are refused: every reader of the journal would have to recurse as deep. */
const MAXIMUM_DEPTH = 200;

/** The object with every lone surrogate in its strings and keys replaced by U+FFFD, or `too-deep`. */
export function toWellFormedJson(value: JsonObject): JsonObject | 'too-deep' {
  if (depthOf(value, MAXIMUM_DEPTH) > MAXIMUM_DEPTH) return 'too-deep';
  return repaired(value) as JsonObject;
}

/** How deep the value is nested; counting stops behind `limit`. */
function depthOf(value: Json, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit < 0) return 1;
  let deepest = 0;
  for (const item of Object.values(value)) deepest = Math.max(deepest, depthOf(item, limit - 1));
  return deepest + 1;
}

function repaired(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(repaired);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), repaired(item)]));
}
