import type { Json, JsonObject } from '../json.ts';
import type { ArrayNode, ObjectNode, SchemaNode } from './schema-node.ts';
import { isJsonObject, propertyOf, takesValue } from './takes-value.ts';

/** Names under which models put the arguments once more. */
const WRAPPERS = ['arguments', 'parameters', 'params', 'args', 'input'];

/**
 * The arguments of a call, put into the form that the schema asks for where a model missed it and only one thing can be meant: `null` and the
 * like for optional parameters are left out; numbers, booleans, lists and objects that came as text are read; a single value where a list is
 * wanted is a list of one; arguments inside `{"arguments": …}` are taken out. What the schema takes is never changed, so a text stays a
 * text whatever it looks like; what cannot be told stays as it came, for the tool to say what is wrong.
 */
export function fitInput(node: SchemaNode, input: JsonObject): JsonObject {
  if (node.kind !== 'object') return input;
  const inner = unwrapped(node, input);
  if (inner !== null) return inner;
  return takesValue(node, input) ? input : fitObject(node, input);
}

/** The arguments that stand inside another object; null where they do not. */
function unwrapped(node: ObjectNode, input: JsonObject): JsonObject | null {
  const [name = '', ...more] = Object.keys(input);
  if (more.length > 0 || !WRAPPERS.includes(name) || node.properties.has(name)) return null;
  const given = input[name];
  const inner = typeof given === 'string' ? parsed(given) : given;
  if (!isJsonObject(inner)) return null;
  const names = Object.keys(inner);
  const isKnown = names.length > 0 && names.every((key) => node.properties.has(key));
  if (!isKnown && (names.length > 0 || takesValue(node, input))) return null;
  const fitted = fitObject(node, inner);
  return takesValue(node, fitted) ? fitted : null;
}

function fitObject(node: ObjectNode, input: JsonObject): JsonObject {
  const entries: [string, Json][] = [];
  for (const [name, value] of Object.entries(input)) {
    const property = propertyOf(node, name);
    if (property === false) {
      if (value !== null) entries.push([name, value]);
      continue;
    }
    const fitted = property === true ? value : fitValue(property, value);
    const isTaken = property === true || takesValue(property, fitted);
    if (isTaken || node.required.has(name) || !isNothing(value)) entries.push([name, fitted]);
  }
  return Object.fromEntries(entries);
}

/** What models write where they mean to leave a parameter out. */
function isNothing(value: Json): boolean {
  return value === null || (typeof value === 'string' && /^(|null|none|undefined)$/i.test(value.trim()));
}

/** The value as the node takes it, or as it came. */
function fitValue(node: SchemaNode, value: Json): Json {
  if (takesValue(node, value)) return value;
  switch (node.kind) {
    case 'integer':
    case 'number':
      return typeof value === 'string' ? numberIn(node, value) : value;
    case 'boolean': {
      const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
      return text === 'true' || text === 'false' ? text === 'true' : value;
    }
    case 'null':
      return isNothing(value) && value !== '' ? null : value;
    case 'array':
      return fitArray(node, value);
    case 'object': {
      const object = typeof value === 'string' ? parsed(value) : value;
      return isJsonObject(object) ? fitObject(node, object) : value;
    }
    case 'union': {
      const readings = new Map<string, Json>();
      for (const branch of node.branches) {
        const fitted = fitValue(branch, value);
        if (takesValue(branch, fitted)) readings.set(JSON.stringify(fitted), fitted);
      }
      const [only = value] = readings.values();
      return readings.size === 1 ? only : value;
    }
    case 'any':
    case 'string':
      return value;
  }
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function numberIn(node: SchemaNode, text: string): Json {
  if (!NUMBER.test(text.trim())) return text;
  const number = Number(text);
  const isExact = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
  return isExact && takesValue(node, number) ? number : text;
}

function fitArray(node: ArrayNode, value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => fitValue(node.items, item));
  const list = typeof value === 'string' ? parsed(value) : undefined;
  if (Array.isArray(list)) return list.map((item) => fitValue(node.items, item));
  // A text with several parts may be a list of another notation.
  const isOne = !isNothing(value) && !(typeof value === 'string' && /^\s*[[{]|[,;\n]/.test(value));
  if (!isOne || node.items.kind === 'any') return value;
  const only = [fitValue(node.items, value)];
  return takesValue(node, only) ? only : value;
}

/** What a text says as JSON, where it is a list or an object. */
function parsed(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text) || text.length > MAX_TEXT) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const MAX_TEXT = 1_000_000;
