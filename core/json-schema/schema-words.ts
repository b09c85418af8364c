import type { Json, JsonObject } from '../json.ts';
import { ANY, LIMITS, type Limit, type Limits, type SchemaNode } from './schema-node.ts';
import { eitherOf } from './join-nodes.ts';

export const KINDS = ['string', 'integer', 'number', 'boolean', 'null', 'array', 'object'] as const;
export type Kind = (typeof KINDS)[number];

/** Names of types that people write in place of those of JSON Schema; read where a schema was stored, refused where it is saved. */
const OTHER_NAMES: ReadonlyMap<string, Kind> = new Map([
  ['str', 'string'],
  ['text', 'string'],
  ['int', 'integer'],
  ['long', 'integer'],
  ['float', 'number'],
  ['double', 'number'],
  ['bool', 'boolean'],
  ['none', 'null'],
  ['list', 'array'],
  ['tuple', 'array'],
  ['dict', 'object'],
  ['map', 'object'],
]);

/** The kind that a type names; `any` of draft 3, and names in capitals as some vendors write them, among them. Undefined: no type at all. */
export function kindNamed(name: string): Kind | 'any' | undefined {
  const lower = name.toLowerCase();
  return lower === 'any' ? 'any' : KINDS.find((kind) => kind === lower);
}

/** What a name that is no type was meant to be. */
export function kindMeant(name: string): Kind | undefined {
  return OTHER_NAMES.get(name.toLowerCase());
}

const KIND_WORDS: readonly [Kind, readonly string[]][] = [
  [
    'object',
    [
      'properties',
      'additionalProperties',
      'patternProperties',
      'propertyNames',
      'minProperties',
      'maxProperties',
    ],
  ],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains']],
  ['string', ['pattern', 'minLength', 'maxLength', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
];

/** The kind that a schema without a type speaks of; null where it speaks of none. */
export function kindSpokenOf(schema: JsonObject): Kind | null {
  if (Array.isArray(schema['required']) && schema['required'].length > 0) return 'object';
  return KIND_WORDS.find(([, words]) => words.some((word) => schema[word] !== undefined))?.[0] ?? null;
}

const OF_STRINGS = ['minLength', 'maxLength'];
const OF_ARRAYS = ['minItems', 'maxItems'];
const OF_OBJECTS = ['minProperties', 'maxProperties'];
const OF_COUNTS = [...OF_STRINGS, ...OF_ARRAYS, ...OF_OBJECTS];

/** Whether a bound says something that every reader of schemas takes. zod writes the largest safe integer for any integer, Go and Rust those of 64 bits. */
function isBound(name: Limit, value: number): boolean {
  if (OF_COUNTS.includes(name)) return Number.isSafeInteger(value) && value >= 0;
  return name === 'multipleOf' ? value > 0 : Math.abs(value) < Number.MAX_SAFE_INTEGER;
}

/** Bounds that are none in any draft. Booleans are draft 4's. */
export function limitProblems(schema: JsonObject): { word: Limit; message: string }[] {
  return LIMITS.flatMap((word) => {
    const value = schema[word];
    if (value === undefined || value === null) return [];
    if (typeof value === 'boolean' && word.startsWith('exclusive')) return [];
    const shown = JSON.stringify(value).slice(0, 80);
    if (typeof value !== 'number') return [{ word, message: `expected a number; this is ${shown}` }];
    if (word === 'multipleOf' && value <= 0)
      return [{ word, message: `expected a number above 0; this is ${shown}` }];
    const isCount = OF_COUNTS.includes(word);
    return isCount && (!Number.isInteger(value) || value < 0)
      ? [{ word, message: `expected a whole number from 0 on; this is ${shown}` }]
      : [];
  });
}

/** The bounds of one kind. Booleans of draft 4 become the numbers they go with. */
export function limitsOf(schema: JsonObject, kind: Kind): { limits?: Limits } {
  const words =
    kind === 'string'
      ? OF_STRINGS
      : kind === 'array'
        ? OF_ARRAYS
        : kind === 'object'
          ? OF_OBJECTS
          : LIMITS.filter((name) => !OF_COUNTS.includes(name));
  const limits: Limits = {};
  for (const name of LIMITS) {
    const value = schema[name];
    if (!words.includes(name) || typeof value !== 'number' || !Number.isFinite(value)) continue;
    if (isBound(name, value)) limits[name] = value;
  }
  for (const [from, to] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    const bound = limits[from];
    if (schema[to] !== true || bound === undefined) continue;
    limits[to] = bound;
    delete limits[from];
  }
  return Object.keys(limits).length === 0 ? {} : { limits };
}

/** What takes exactly the values of an enumeration, as far as a node can tell them. */
export function valuesNode(values: readonly Json[], kinds: readonly Kind[] | null): SchemaNode | null {
  const allowed = (kind: Kind): boolean => kinds === null || kinds.includes(kind);
  const nodes: SchemaNode[] = [];
  const strings = [...new Set(values.filter((value) => typeof value === 'string'))];
  if (strings.length > 0 && allowed('string')) nodes.push({ kind: 'string', values: strings });
  const numbers = [...new Set(values.filter((value) => typeof value === 'number'))];
  const isWhole = numbers.every((value) => Number.isInteger(value));
  const taken = allowed('number') ? numbers : allowed('integer') ? numbers.filter(Number.isInteger) : [];
  const isInteger = isWhole && (kinds === null || kinds.includes('integer')) && taken.length > 0;
  if (taken.length > 0 || isInteger)
    nodes.push({ kind: isInteger || !allowed('number') ? 'integer' : 'number', values: taken });
  const booleans = [...new Set(values.filter((value) => typeof value === 'boolean'))];
  if (booleans.length > 0 && allowed('boolean'))
    nodes.push({
      kind: 'boolean',
      ...(booleans.length === 1 ? { notes: [`always ${String(booleans[0])}`] } : {}),
    });
  if (values.includes(null) && allowed('null')) nodes.push({ kind: 'null' });
  const others = values.filter((value) => typeof value === 'object' && value !== null);
  const lists = others.filter(Array.isArray);
  if (lists.length > 0 && allowed('array'))
    nodes.push({ kind: 'array', items: ANY, notes: [oneOfThese(lists)] });
  if (others.length > lists.length && allowed('object'))
    nodes.push({
      kind: 'object',
      properties: new Map(),
      required: new Set(),
      others: true,
      notes: [oneOfThese(others.filter((value) => !Array.isArray(value)))],
    });
  return eitherOf(nodes);
}

/** As many values as a description has room for. */
export function oneOfThese(values: readonly Json[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const value of values) {
    const text = JSON.stringify(value);
    length += text.length + 2;
    if (length > MAX_LISTED && shown.length > 0) break;
    shown.push(text.slice(0, MAX_LISTED));
  }
  const rest = values.length - shown.length;
  return `one of ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

const MAX_LISTED = 2_000;
