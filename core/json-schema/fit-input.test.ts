import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../json.ts';
import { fitInput } from './fit-input.ts';
import { readSchema } from './read-schema.ts';
import { takesValue } from './takes-value.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    count: { type: 'integer', minimum: 1 },
    ratio: { type: 'number' },
    all: { type: 'boolean' },
    mode: { type: 'string', enum: ['a', 'b'] },
    tags: { type: 'array', items: { type: 'string' } },
    sizes: { type: 'array', items: { type: 'integer' } },
    where: { type: 'object', properties: { city: { type: 'string' }, zip: { type: 'integer' } } },
    maybe: { type: ['string', 'null'] },
    either: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    mixed: { type: ['string', 'integer'] },
    list: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    anything: {},
  },
  required: ['path'],
  additionalProperties: false,
} satisfies JsonObject;
const node = readSchema(SCHEMA).node;

/** What one parameter becomes, beside one that is well. */
function fitted(parameters: JsonObject): JsonObject {
  const { path, ...rest } = fitInput(node, { path: 'x', ...parameters });
  expect(path).toBe('x');
  return rest;
}

describe('what models send', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['null for an optional parameter', { count: null, tags: null, where: null }, {}],
    ['null for a parameter that nobody knows', { other: null }, {}],
    ['"null" for an optional number', { count: 'null' }, {}],
    ['"None" for an optional list', { tags: 'None' }, {}],
    ['nothing for an optional choice', { mode: '', all: '' }, {}],
    ['a number as a text', { count: '5', ratio: '-1.5e3' }, { count: 5, ratio: -1500 }],
    ['a whole number with a point', { count: '5.0' }, { count: 5 }],
    ['a boolean as a text', { all: 'True' }, { all: true }],
    ['a list as a text', { tags: '["a","b"]' }, { tags: ['a', 'b'] }],
    ['numbers as texts in a list as a text', { sizes: '["1", 2]' }, { sizes: [1, 2] }],
    ['a single text for a list', { tags: 'a' }, { tags: ['a'] }],
    ['a single number for a list', { sizes: 3 }, { sizes: [3] }],
    ['an object as a text', { where: '{"city":"Oslo","zip":"7"}' }, { where: { city: 'Oslo', zip: 7 } }],
    ['null inside an object', { where: { city: 'Oslo', zip: null } }, { where: { city: 'Oslo' } }],
    ['a number for a number or null', { either: '7' }, { either: 7 }],
    ['"null" where null is a value', { either: 'null' }, { either: null }],
  ])('%s', (_name, given, expected) => {
    expect(fitted(given)).toEqual(expected);
  });

  it.each<[string, JsonObject]>([
    ['null where null is a value', { maybe: null, either: null, anything: null }],
    [
      'a text that looks like JSON',
      { path: 'x', maybe: '{"a":1}', mixed: '5', list: '["a"]', anything: '5' },
    ],
    ['"null" where a text is wanted', { maybe: 'null' }],
    ['a number that is out of bounds', { count: '0' }],
    ['a number that is not exact', { count: '12345678901234567890' }],
    ['a text with a number in it', { count: '5 files', ratio: '0x10' }],
    ['yes and no', { all: 'yes' }],
    ['a text with several parts for a list', { tags: 'a, b' }],
    ['a number for a text', { maybe: 5 }],
    ['another choice', { mode: 'A' }],
    ['a parameter that nobody knows', { other: 1 }],
  ])('%s stays as it is', (_name, given) => {
    expect(fitted(given)).toEqual(
      Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'path')),
    );
  });

  it('keeps null where the parameter is needed', () => {
    expect(fitInput(node, { path: null })).toEqual({ path: null });
  });

  it.each(['arguments', 'parameters', 'input'])('takes arguments out of {"%s": …}', (name) => {
    expect(fitInput(node, { [name]: { path: 'a', count: '2' } })).toEqual({ path: 'a', count: 2 });
    expect(fitInput(node, { [name]: '{"path":"a"}' })).toEqual({ path: 'a' });
    expect(fitInput(node, { [name]: { other: 1 } })).toEqual({ [name]: { other: 1 } });
    expect(fitInput(node, { [name]: { path: 'a' }, count: 1 })).toEqual({ [name]: { path: 'a' }, count: 1 });
  });

  it('leaves a parameter alone that has the name of a wrapper', () => {
    const other = readSchema({ type: 'object', properties: { arguments: { type: 'object' }, a: {} } }).node;
    expect(fitInput(other, { arguments: { a: 1 } })).toEqual({ arguments: { a: 1 } });
    expect(fitInput(other, { arguments: '{"a":1}' })).toEqual({ arguments: { a: 1 } });
    const open = readSchema({ type: 'object' }).node;
    expect(fitInput(open, { arguments: { a: 1 } })).toEqual({ arguments: { a: 1 } });
  });

  it('never changes what the schema takes, and never makes it worse', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, 'null', '5', '["a"]', '{}', 'true'),
    ) as fc.Arbitrary<Json>;
    const deep = fc.oneof(
      value,
      fc.array(value, { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('city', 'zip'), value),
    ) as fc.Arbitrary<Json>;
    const input = fc.dictionary(
      fc.constantFrom(...Object.keys(SCHEMA.properties), 'arguments', '__proto__'),
      deep,
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(input, (given) => {
        const result = fitInput(node, given);
        if (takesValue(node, given)) expect(result).toEqual(given);
        expect(fitInput(node, result)).toEqual(result);
      }),
      { numRuns: 2_000 },
    );
  });
});
