import type { Limit } from '../../../core/json-schema/schema-node.ts';
import { LIMITS } from '../../../core/json-schema/schema-node.ts';

/** Which words of JSON Schema a server takes in the schema of a tool. What it does not take is said in descriptions instead. */
export interface SchemaDialect {
  /** Bounds that are sent as such. */
  limits: ReadonlySet<Limit>;
  /** Bounds that are sent as the one beside it, which takes a value more. */
  widened: ReadonlyMap<Limit, Limit>;
  /** Whether regular expressions are sent; then only those that need neither lookaround nor references. */
  patterns: boolean;
  formats: ReadonlySet<string>;
  /** Whether an enumeration may hold numbers, and whether it may hold the empty text. */
  numbersInEnum: boolean;
  emptyInEnum: boolean;
  defaults: boolean;
  /** Whether `{}` stands for any value; otherwise each type is listed. */
  emptySchema: boolean;
  /** Whether anything may stand beside `anyOf`; Vertex AI takes it alone. */
  besideAnyOf: boolean;
  /** Names of properties that it takes. */
  names: RegExp;
  /** Names of tools that it takes, and the length of the longest. */
  toolNames: { fits: RegExp; maxLength: number };
}

/** Formats that OpenAI documents; Anthropic takes any. */
const FORMATS = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);

const PORTABLE_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** JSON Schema 2020-12, as Anthropic checks it. */
const ANTHROPIC: SchemaDialect = {
  limits: new Set(LIMITS),
  widened: new Map(),
  patterns: true,
  formats: FORMATS,
  numbersInEnum: true,
  emptyInEnum: true,
  defaults: true,
  emptySchema: true,
  besideAnyOf: true,
  names: PORTABLE_NAME,
  toolNames: { fits: /^[a-zA-Z0-9_-]{1,64}$/, maxLength: 64 },
};

/** OpenAI itself, and Azure: regular expressions without lookaround, formats that it lists. */
const OPENAI: SchemaDialect = {
  ...ANTHROPIC,
  names: /^[^]+$/,
};

/** The part of JSON Schema that Google documents for `parametersJsonSchema`. It adds up `maxItems` and refuses large sums. */
const GEMINI: SchemaDialect = {
  limits: new Set<Limit>(['minimum', 'maximum', 'minItems']),
  widened: new Map<Limit, Limit>([
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ]),
  patterns: false,
  formats: new Set(['date-time', 'date', 'time']),
  numbersInEnum: true,
  emptyInEnum: false,
  defaults: false,
  emptySchema: false,
  besideAnyOf: false,
  names: PORTABLE_NAME,
  toolNames: { fits: /^[a-zA-Z_][a-zA-Z0-9_-]{0,62}$/, maxLength: 63 },
};

/**
 * What every server takes that people run or rent behind one of the protocols. llama.cpp turns schemas into grammars: bounds of lengths
 * beyond some thousand in all, regular expressions and unusual formats fail there. Fireworks and Kimi refuse schemas without a type, Kimi also
 * mixed enumerations and names of tools that do not begin with a letter, Ollama reads schemas into typed fields, and gateways to Gemini refuse numbers
 * in enumerations and anything beside `anyOf`.
 */
const COMPATIBLE: SchemaDialect = {
  limits: new Set(),
  widened: new Map(),
  patterns: false,
  formats: new Set(),
  numbersInEnum: false,
  emptyInEnum: false,
  defaults: false,
  emptySchema: false,
  besideAnyOf: false,
  names: PORTABLE_NAME,
  toolNames: { fits: /^[a-zA-Z][a-zA-Z0-9_-]{0,62}$/, maxLength: 63 },
};

export const SCHEMA_DIALECTS = {
  anthropic: ANTHROPIC,
  openai: OPENAI,
  gemini: GEMINI,
  compatible: COMPATIBLE,
} as const;
export type SchemaDialectName = keyof typeof SCHEMA_DIALECTS;

const OWN_HOSTS = {
  anthropic: /(^|\.)anthropic\.com$/,
  openai: /(^|\.)api\.openai\.com$|\.(openai|services\.ai|cognitiveservices)\.azure\.com$/,
  gemini: /(^|\.)googleapis\.com$/,
} as const;

/** The dialect of a server that speaks a vendor's protocol: the vendor's own at its own address, else what all servers take. */
export function schemaDialectOf(
  protocol: keyof typeof OWN_HOSTS,
  baseUrl: string | undefined,
): SchemaDialectName {
  const isOwn = baseUrl === undefined || OWN_HOSTS[protocol].test(new URL(baseUrl).hostname);
  return isOwn ? protocol : 'compatible';
}
