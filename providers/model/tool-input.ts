import type { JsonObject } from '../../core/json.ts';

/**
 * Reads the arguments of a tool call as they were streamed. Anything but a JSON object gives `input: null` with the text that came,
 * so that the call is reported back to the model instead of being run.
 */
export function readToolInput(raw: string): { input: JsonObject } | { input: null; rawInput: string } {
  // A call of a tool without parameters may come with no text at all.
  if (raw.trim() === '') return { input: {} };
  try {
    if (depthOf(raw) <= MAX_DEPTH) {
      const value: unknown = JSON.parse(raw);
      if (isJsonObject(value)) return { input: value };
    }
  } catch {
    // The text is handed on below, which tells the model more than a parser's message.
  }
  return { input: null, rawInput: raw.toWellFormed() };
}

/** Deeper values overflow the stack of whoever writes them as JSON again. */
const MAX_DEPTH = 500;

/** Greatest nesting of brackets outside strings; meaningful for text that is JSON. */
function depthOf(raw: string): number {
  if (raw.length <= MAX_DEPTH) return 0;
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < raw.length; index += 1) {
    const character = raw[index];
    if (quoted) {
      if (character === '\\') index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, (depth += 1));
    else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}

/** A tool call that the end of the response cut off: never run, whatever its text looks like. */
export function cutToolInput(raw: string): { input: null; rawInput: string } {
  return { input: null, rawInput: raw.toWellFormed() };
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
