import type { JsonObject } from '../../core/json.ts';

/**
 * Reads the arguments of a tool call as they were streamed. Anything but a JSON object gives `input: null` with the text that came,
 * so that the call is reported back to the model instead of being run. What only wraps an object is taken off: a fence, an end marker that
 * leaked out of the model's template, JSON inside a JSON string. A text that ends too early is never completed.
 */
export function readToolInput(raw: string): { input: JsonObject } | { input: null; rawInput: string } {
  const input = objectIn(raw, 0);
  return input === undefined ? { input: null, rawInput: raw.toWellFormed() } : { input };
}

/** What models write for no arguments at all, besides nothing. */
const NOTHING = /^(|null|none|undefined|""|\[\]|"null"|''|\(\))$/i;
const FENCED = /^```[a-z]*\s*([^]*?)\s*```$/i;
/** What may follow an object that is complete: brackets too many, ends of fences, tags, and special tokens of templates. */
const LEFT_OVER = /^(\s|[}\])`;]|<\/[\w:.-]+>|<[|｜][^<>]{0,40}[|｜]>|\[\/?[A-Z_]{2,20}\])*$/;
const MAX_WRAPS = 3;

function objectIn(raw: string, wraps: number): JsonObject | undefined {
  const text = raw.replace(/^\uFEFF/, '').trim();
  if (NOTHING.test(text)) return {};
  if (wraps > MAX_WRAPS) return undefined;
  const value = parsed(text);
  if (isJsonObject(value)) return value;
  if (typeof value === 'string') return /^\s*["`{]/.test(value) ? objectIn(value, wraps + 1) : undefined;
  if (value !== undefined) return undefined;
  const fenced = FENCED.exec(text)?.[1];
  if (fenced !== undefined) return objectIn(fenced, wraps + 1);
  if (!text.startsWith('{')) return undefined;
  const end = endOfObject(text);
  const [first, rest] = [text.slice(0, end), text.slice(end).trim()];
  if (rest === '') return repaired(first);
  // An empty object, or the same one, that a server sends before the arguments.
  if (/^\{\s*\}$/.test(first) || rest === first) return objectIn(rest, wraps + 1);
  if (!LEFT_OVER.test(rest)) return undefined;
  const whole = parsed(first);
  return isJsonObject(whole) ? whole : repaired(first);
}

/** An object whose texts hold line breaks and the like as they are, which JSON writes as escapes. */
function repaired(text: string): JsonObject | undefined {
  let escaped = '';
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (quoted && character === '\\') {
      escaped += text.slice(index, index + 2);
      index += 1;
      continue;
    }
    if (character === '"') quoted = !quoted;
    escaped += quoted && character < ' ' ? JSON.stringify(character).slice(1, -1) : character;
  }
  const value = escaped === text ? undefined : parsed(escaped);
  return isJsonObject(value) ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return depthOf(text) <= MAX_DEPTH ? (JSON.parse(text) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

/** Where the object that a text begins with is closed; the text's end where it is not. */
function endOfObject(text: string): number {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character === '\\') index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') depth += 1;
    else if ((character === '}' || character === ']') && (depth -= 1) === 0) return index + 1;
  }
  return text.length;
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
