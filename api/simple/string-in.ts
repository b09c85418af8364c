import type { JsonObject } from '../../core/json.ts';

/** The first of these fields that holds a string; empty when none does. */
export function stringIn(body: JsonObject, ...names: readonly string[]): string {
  for (const name of names) {
    const value = body[name];
    if (typeof value === 'string') return value;
  }
  return '';
}
