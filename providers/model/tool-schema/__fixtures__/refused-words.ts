import type { Json, JsonObject } from '../../../../core/json.ts';
import { LIMITS, type Limit } from '../../../../core/json-schema/schema-node.ts';
import type { SchemaDialect } from '../schema-dialect.ts';

const TYPES = ['string', 'integer', 'number', 'boolean', 'null', 'array', 'object'];
const PLAIN_WORDS = [
  'type',
  'description',
  'enum',
  'items',
  'properties',
  'required',
  'additionalProperties',
  'anyOf',
];

/** What in a schema the weakest server of a dialect refuses, each with its place. */
export function refusedWords(schema: Json, dialect: SchemaDialect): string[] {
  const top = schema as JsonObject;
  const atTop = top['type'] === 'object' && top['properties'] !== undefined && top['anyOf'] === undefined;
  return [...(atTop ? [] : ['top: not an object with properties']), ...refusedIn(schema, dialect, 'top')];
}

function refusedIn(schema: Json | undefined, dialect: SchemaDialect, at: string): string[] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return [`${at}: no schema`];
  const { type, anyOf, items, properties, required, additionalProperties, description } = schema;
  const known = new Set<string>([
    ...PLAIN_WORDS,
    ...LIMITS.filter((name) => dialect.limits.has(name)),
    ...(dialect.patterns ? ['pattern'] : []),
    ...(dialect.formats.size > 0 ? ['format'] : []),
    ...(dialect.defaults ? ['default'] : []),
  ]);
  const isEmpty = Object.keys(schema).every((word) => word === 'description' || word === 'default');
  const hasType = TYPES.some((name) => name === type) || (isEmpty && dialect.emptySchema);
  const entries = Object.entries((properties ?? {}) as JsonObject);
  const inner = (part: Json | undefined, where: string): string[] =>
    refusedIn(part, dialect, `${at}.${where}`);
  return [
    ...Object.keys(schema)
      .filter((word) => !known.has(word))
      .map((word) => `${at}: ${word}`),
    ...((anyOf === undefined) === hasType ? [] : [`${at}: a type or anyOf, not both and not neither`]),
    ...LIMITS.filter((word) => schema[word] !== undefined && !isBound(word, schema[word])).map(
      (word) => `${at}: ${word} is ${JSON.stringify(schema[word])}`,
    ),
    ...(anyOf === undefined || dialect.besideAnyOf || Object.keys(schema).length === 1
      ? []
      : [`${at}: more than anyOf`]),
    ...(description === undefined || typeof description === 'string' ? [] : [`${at}: description`]),
    ...enumFaults(schema, dialect, at),
    ...(type === 'array' ? inner(items, 'items') : items === undefined ? [] : [`${at}: items of no array`]),
    ...(type === 'object' || properties === undefined ? [] : [`${at}: properties of no object`]),
    ...(type !== 'object' || properties !== undefined ? [] : [`${at}: no properties`]),
    ...entries.flatMap(([name, part]) => [
      ...(dialect.names.test(name) ? [] : [`${at}: name ${name}`]),
      ...inner(part, name),
    ]),
    ...(required === undefined
      ? []
      : requiredFaults(
          required,
          entries.map(([name]) => name),
          at,
        )),
    ...(additionalProperties === undefined || typeof additionalProperties === 'boolean'
      ? []
      : inner(additionalProperties, '*')),
    ...(Array.isArray(anyOf) ? anyOf.flatMap((part, index) => inner(part, String(index))) : []),
    ...(anyOf === undefined || (Array.isArray(anyOf) && anyOf.length > 1)
      ? []
      : [`${at}: anyOf of ${JSON.stringify(anyOf)}`]),
  ];
}

/** As the meta-schema of draft 2020-12 has it. */
function isBound(word: Limit, value: Json | undefined): boolean {
  if (typeof value !== 'number' || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  if (word === 'multipleOf') return value > 0;
  return !/Length|Items|Properties/.test(word) || (Number.isInteger(value) && value >= 0);
}

function enumFaults({ enum: values, type }: JsonObject, dialect: SchemaDialect, at: string): string[] {
  if (values === undefined) return [];
  const isGood =
    Array.isArray(values) &&
    values.length > 0 &&
    new Set(values).size === values.length &&
    values.every((value) =>
      type === 'string'
        ? typeof value === 'string' && (value !== '' || dialect.emptyInEnum)
        : typeof value === 'number' &&
          dialect.numbersInEnum &&
          (type !== 'integer' || Number.isInteger(value)),
    );
  return isGood ? [] : [`${at}: enum ${JSON.stringify(values)}`];
}

function requiredFaults(required: Json, names: readonly string[], at: string): string[] {
  const isGood =
    Array.isArray(required) &&
    required.length > 0 &&
    new Set(required).size === required.length &&
    required.every((name) => typeof name === 'string' && names.includes(name));
  return isGood ? [] : [`${at}: required ${JSON.stringify(required)}`];
}
