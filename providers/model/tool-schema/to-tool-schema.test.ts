import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../core/json.ts';
import { takes } from './__fixtures__/json-schema-oracle.ts';
import { refusedWords } from './__fixtures__/refused-words.ts';
import { SCHEMA_DIALECTS, schemaDialectOf, type SchemaDialectName } from './schema-dialect.ts';
import { toToolSchema } from './to-tool-schema.ts';

const DIALECTS = Object.keys(SCHEMA_DIALECTS) as SchemaDialectName[];

/** The schema of one parameter, as it is sent. */
function sent(schema: Json, dialect: SchemaDialectName = 'compatible', rest: JsonObject = {}): Json {
  const tool = toToolSchema({ type: 'object', properties: { x: schema }, ...rest }, dialect);
  return (tool['properties'] as JsonObject)['x'] ?? null;
}

const ANY_VALUE = sent({});

/** Alternatives of which something is said. */
function told(schema: Json, description: string): Json {
  const [first, ...others] = (schema as { anyOf: JsonObject[] }).anyOf;
  return { anyOf: [{ ...first, description }, ...others] };
}
const OPEN = { type: 'object', properties: {}, additionalProperties: true };

describe('schemas that servers refuse', () => {
  it.each<[string, Json, Json]>([
    [
      'a tuple as a list of items',
      { type: 'array', items: [{ type: 'string' }], maxItems: 1 },
      { type: 'array', description: 'at most 1 items', items: { type: 'string' } },
    ],
    [
      'a tuple with items: false',
      { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: false },
      {
        type: 'array',
        description: 'in this order: integer, string; at most 2 items',
        items: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
      },
    ],
    [
      'a tuple of draft 4',
      { type: 'array', items: [{ type: 'string' }, { type: 'string' }], additionalItems: false },
      {
        type: 'array',
        description: 'in this order: string, string; at most 2 items',
        items: { type: 'string' },
      },
    ],
    ['an array without items', { type: 'array' }, { type: 'array', items: ANY_VALUE }],
    ['items that are true', { type: 'array', items: true }, { type: 'array', items: ANY_VALUE }],
    [
      'a boolean bound',
      { type: 'integer', minimum: 0, exclusiveMinimum: true },
      { type: 'integer', description: 'more than 0' },
    ],
    [
      'a boolean bound that is off',
      { type: 'integer', minimum: 0, exclusiveMinimum: false },
      { type: 'integer', description: 'at least 0' },
    ],
    ['any', { type: 'any' }, ANY_VALUE],
    ['no schema but a text', 'string', ANY_VALUE],
    ['true', true, ANY_VALUE],
    ['an empty schema', {}, ANY_VALUE],
    ['a type in capitals', { type: 'STRING' }, { type: 'string' }],
    ['a list of types', { type: ['string', 'null'] }, { anyOf: [{ type: 'string' }, { type: 'null' }] }],
    ['a list of one type', { type: ['string'] }, { type: 'string' }],
    [
      'schemas among types, draft 3',
      { type: ['string', { type: 'object', properties: {} }] },
      { anyOf: [{ type: 'string' }, { type: 'object', properties: {} }] },
    ],
    [
      'nullable of OpenAPI',
      { type: 'string', nullable: true },
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    ['const', { const: 'a' }, { type: 'string', enum: ['a'] }],
    ['const true', { const: true }, { type: 'boolean', description: 'always true' }],
    ['an enum without a type', { enum: ['a', 'b'] }, { type: 'string', enum: ['a', 'b'] }],
    ['numbers in an enum', { enum: [1, 2] }, { type: 'integer', description: 'one of 1, 2' }],
    [
      'null in an enum',
      { type: ['string', 'null'], enum: ['a', null] },
      { anyOf: [{ type: 'string', enum: ['a'] }, { type: 'null' }] },
    ],
    [
      'a mixed enum',
      { enum: ['a', 1, null] },
      {
        anyOf: [
          { type: 'string', enum: ['a'] },
          { type: 'integer', description: 'one of 1' },
          { type: 'null' },
        ],
      },
    ],
    [
      'an empty text in an enum',
      { type: 'string', enum: ['', 'a'] },
      { type: 'string', description: 'one of "", "a"' },
    ],
    ['a value twice in an enum', { enum: ['a', 'a'] }, { type: 'string', enum: ['a'] }],
    ['an empty enum', { type: 'string', enum: [] }, { type: 'string' }],
    ['a default of null', { type: 'string', default: null }, { type: 'string' }],
    [
      'a default',
      { type: 'integer', default: 5, description: 'How many.' },
      { type: 'integer', description: 'How many. (default: 5)' },
    ],
    ['a format', { type: 'string', format: 'uri' }, { type: 'string', description: 'format: uri' }],
    [
      'a regular expression',
      { type: 'string', pattern: '^(?!x)' },
      { type: 'string', description: 'matches ^(?!x)' },
    ],
    [
      'oneOf beside a type',
      { type: 'string', oneOf: [{ const: 'a', description: 'first' }, { const: 'b' }] },
      { type: 'string', description: '"a": first', enum: ['a', 'b'] },
    ],
    ['an optional of zod 3', { anyOf: [{ not: {} }, { type: 'string' }] }, { type: 'string' }],
    [
      'allOf',
      { allOf: [{ type: 'object', properties: { a: { type: 'string' } } }, { required: ['a'] }] },
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
    ],
    [
      'properties that only a condition names',
      {
        type: 'object',
        properties: { a: { type: 'string' } },
        if: {},
        else: { properties: { b: { type: 'string' } } },
      },
      {
        type: 'object',
        properties: {
          a: { type: 'string' },
          b: told(ANY_VALUE, 'where it applies: string'),
        },
      },
    ],
    [
      'patterns of names',
      { type: 'object', patternProperties: { '^S_': { type: 'string' } }, additionalProperties: false },
      { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
    ],
    ['an object without properties', { type: 'object' }, OPEN],
    [
      'a closed object without properties',
      { type: 'object', additionalProperties: false },
      { type: 'object', properties: {}, additionalProperties: false },
    ],
    ['additionalProperties: {}', { type: 'object', additionalProperties: {} }, OPEN],
    [
      'a property that is true',
      { type: 'object', properties: { a: true } },
      { type: 'object', properties: { a: ANY_VALUE } },
    ],
    [
      'a property that is false',
      { type: 'object', properties: { a: false, b: { type: 'null' } } },
      { type: 'object', properties: { b: { type: 'null' } } },
    ],
    [
      'required in a property',
      {
        type: 'object',
        properties: { a: { type: 'string', required: true }, b: { type: 'string', required: false } },
      },
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['a'] },
    ],
    [
      'required that is null',
      { type: 'object', properties: {}, required: null },
      { type: 'object', properties: {} },
    ],
    [
      'a required name that is no property',
      { type: 'object', properties: {}, required: ['a'] },
      { type: 'object', properties: { a: ANY_VALUE }, required: ['a'] },
    ],
    [
      'no type but properties',
      { properties: { a: { type: 'string' } } },
      { type: 'object', properties: { a: { type: 'string' } } },
    ],
    [
      'a name that servers refuse',
      { type: 'object', properties: { 'a b': { type: 'string' } }, additionalProperties: false },
      { type: 'object', description: 'also takes "a b": string', properties: {}, additionalProperties: true },
    ],
    ...(
      [
        ['minLength', -1],
        ['maxLength', 1.5],
        ['minLength', 1e300],
      ] as const
    ).map(([word, value]): [string, Json, Json] => [
      `${word} of ${value}`,
      { type: 'string', [word]: value },
      { type: 'string' },
    ]),
    ['a multiple of nothing', { type: 'number', multipleOf: 0 }, { type: 'number' }],
    [
      'bounds of 64 bits',
      { type: 'integer', minimum: 0, maximum: 2 ** 64 },
      { type: 'integer', description: 'at least 0' },
    ],
    [
      'what is said of alternatives',
      { description: 'How many.', anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }] },
      { anyOf: [{ type: 'integer', description: 'How many. (at least 1)' }, { type: 'null' }] },
    ],
    ['a description that is no text', { type: 'string', description: 5 }, { type: 'string' }],
    [
      'examples and comments',
      { type: 'string', examples: ['x'], $comment: 'y', title: 'Z', deprecated: true },
      { type: 'string', description: 'Z (for example "x")' },
    ],
  ])('%s', (_name, schema, expected) => {
    expect(sent(schema)).toEqual(expected);
  });

  it('writes references out, also those that lead back to themselves', () => {
    const $defs = {
      node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, name: { type: 'string' } } },
      loop: { $ref: '#/$defs/loop' },
    };
    expect(sent({ $ref: '#/$defs/node', description: 'A list.' }, 'anthropic', { $defs })).toEqual({
      type: 'object',
      description: 'A list.',
      properties: { next: OPEN, name: { type: 'string' } },
    });
    expect(sent({ $ref: '#/$defs/loop' }, 'anthropic', { $defs })).toEqual({});
    expect(sent({ $ref: 'https://example.com/x.json' })).toEqual(ANY_VALUE);
  });

  it('gives a vendor the words that it takes', () => {
    const range = { type: 'integer', minimum: 0, exclusiveMinimum: true, maximum: 9 };
    expect(sent(range, 'anthropic')).toEqual({ type: 'integer', exclusiveMinimum: 0, maximum: 9 });
    expect(sent(range, 'openai')).toEqual({ type: 'integer', exclusiveMinimum: 0, maximum: 9 });
    expect(sent(range, 'gemini')).toEqual({
      type: 'integer',
      description: 'more than 0',
      minimum: 0,
      maximum: 9,
    });
    expect(sent({ type: 'string', pattern: '^a+$', default: 'a' }, 'openai')).toEqual({
      type: 'string',
      pattern: '^a+$',
      default: 'a',
    });
    expect(sent({ type: 'string', pattern: '^(?=a)' }, 'openai')).toEqual({
      type: 'string',
      description: 'matches ^(?=a)',
    });
    expect(sent({ type: 'string', pattern: '^a{1,5000}$' }, 'openai')).toEqual({
      type: 'string',
      description: 'matches ^a{1,5000}$',
    });
    expect(sent({ type: 'number', minimum: -3, multipleOf: -1 }, 'anthropic')).toEqual({
      type: 'number',
      minimum: -3,
    });
    const either = { description: 'Any.', anyOf: [{ type: 'string' }, { type: 'null' }] };
    expect(sent(either, 'openai')).toEqual(either);
    expect(sent(either, 'gemini')).toEqual(told({ anyOf: either.anyOf }, 'Any.'));
    expect(sent({ type: 'string', pattern: '[\\w-.]' }, 'anthropic')).toEqual({
      type: 'string',
      description: 'matches [\\w-.]',
    });
  });

  it('merges alternatives at the top', () => {
    const branch = (name: string): JsonObject => ({
      properties: { [name]: { type: 'string' } },
      required: ['all', name],
    });
    expect(
      toToolSchema(
        { type: 'object', properties: { all: { type: 'null' } }, anyOf: [branch('a'), branch('b')] },
        'openai',
      ),
    ).toEqual({
      type: 'object',
      properties: { all: { type: 'null' }, a: { type: 'string' }, b: { type: 'string' } },
      required: ['all'],
    });
  });

  it.each<Json>([{}, { type: 'object' }, 'object', null, true, { type: 'string' }, []])(
    'gives a tool with %j an object without parameters',
    (schema) => {
      for (const dialect of DIALECTS)
        expect(toToolSchema(schema, dialect)).toEqual({ type: 'object', properties: {} });
    },
  );

  it('tells of a long enumeration in words', () => {
    const schema = sent({
      enum: Array.from({ length: 2_000 }, (_, index) => `value ${index}`),
    }) as JsonObject;
    expect(schema['enum']).toBeUndefined();
    expect(schema['description']).toMatch(/^one of "value 0", .* and \d+ more$/);
  });

  it('ends with references that grow without end, and with nesting without end', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `d${index}`,
        {
          type: 'object',
          properties: { a: { $ref: `#/$defs/d${index + 1}` }, b: { $ref: `#/$defs/d${index + 1}` } },
        },
      ]),
    );
    expect(
      JSON.stringify(
        toToolSchema({ type: 'object', properties: { x: { $ref: '#/$defs/d0' } }, $defs }, 'compatible'),
      ).length,
    ).toBeLessThan(5_000_000);
    let deep: Json = {};
    for (let level = 0; level < 5_000; level += 1) deep = { type: 'array', items: deep };
    expect(JSON.stringify(sent(deep)).length).toBeLessThan(10_000);
  });

  it('knows a server by its address', () => {
    expect(schemaDialectOf('anthropic', undefined)).toBe('anthropic');
    expect(schemaDialectOf('anthropic', 'https://api.deepseek.com/anthropic')).toBe('compatible');
    expect(schemaDialectOf('openai', 'https://x.openai.azure.com/openai/v1')).toBe('openai');
    expect(schemaDialectOf('openai', 'http://127.0.0.1:8080/v1')).toBe('compatible');
    expect(schemaDialectOf('gemini', 'https://generativelanguage.googleapis.com')).toBe('gemini');
  });
});

/** Schemas of all drafts, well and ill written. */
const { schema: anySchema } = fc.letrec<{ schema: Json; good: Json }>((tie) => {
  const name = fc.constantFrom('a', 'b', 'c', 'a b', '__proto__', 'properties', 'type', '$ref2');
  const type = fc.constantFrom('string', 'integer', 'number', 'boolean', 'null', 'array', 'object');
  const small = fc.oneof(fc.integer({ min: -3, max: 5 }), fc.constantFrom(-1e19, 1.8e19));
  const count = fc.oneof(fc.nat(3), fc.constantFrom(-1, 1.5, 1e300));
  const value = fc.oneof(
    small,
    fc.constantFrom('', 'a', 'b'),
    fc.boolean(),
    fc.constant(null),
    fc.constant([1]),
    fc.constant({ a: 1 }),
  );
  const parts = fc.array(tie('good'), { minLength: 1, maxLength: 3 });
  const good = fc.record(
    {
      type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })),
      enum: fc.uniqueArray(value, { minLength: 1, maxLength: 4 }),
      const: value,
      minimum: small,
      maximum: small,
      exclusiveMinimum: small,
      multipleOf: fc.constantFrom(1, 2, 0.5),
      minLength: count,
      maxLength: count,
      minItems: count,
      maxItems: count,
      items: tie('good'),
      prefixItems: parts,
      properties: fc.dictionary(name, tie('good'), { maxKeys: 3 }),
      required: fc.uniqueArray(name, { maxLength: 2 }),
      additionalProperties: tie('good'),
      anyOf: parts,
      oneOf: parts,
      allOf: parts,
      nullable: fc.constant(true),
      description: fc.string(),
      default: value,
    },
    { requiredKeys: ['type'] },
  ) as fc.Arbitrary<Json>;
  return {
    good: fc.oneof({ maxDepth: 4, depthSize: 'small' }, fc.record({ type }), fc.boolean(), good),
    schema: fc.oneof(
      { maxDepth: 4 },
      tie('good'),
      fc.json().map((text) => JSON.parse(text) as Json),
    ),
  };
}) as unknown as { schema: fc.Arbitrary<Json> };

describe('any schema', () => {
  it('becomes one without a word that the server refuses', () => {
    fc.assert(
      fc.property(anySchema, fc.constantFrom(...DIALECTS), (schema, dialect) => {
        const tool = toToolSchema({ type: 'object', properties: { x: schema } }, dialect);
        expect(refusedWords(tool, SCHEMA_DIALECTS[dialect])).toEqual([]);
        expect(refusedWords(toToolSchema(schema, dialect), SCHEMA_DIALECTS[dialect])).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes every value that the original takes', () => {
    const leaf = fc.oneof(
      fc.integer({ min: -4, max: 6 }),
      fc.constantFrom('', 'a', 'b', 'abcd'),
      fc.boolean(),
      fc.constant(null),
    );
    const names = fc.constantFrom('a', 'b', 'c', 'a b', 'type');
    const flat = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(names, leaf, { maxKeys: 3 }));
    const value = fc.oneof(
      flat,
      fc.array(flat, { maxLength: 3 }),
      fc.dictionary(names, flat, { maxKeys: 3 }),
    ) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(anySchema, value, fc.constantFrom(...DIALECTS), (schema, given, dialect) => {
        if (takes(schema, given)) expect(takes(sent(schema, dialect), given)).toBe(true);
      }),
      { numRuns: 4_000 },
    );
  });
});
