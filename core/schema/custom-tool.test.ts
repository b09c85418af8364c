import { describe, expect, it } from 'vitest';
import type { Json } from '../json.ts';
import { CustomTool } from './custom-tool.ts';

function problemsOf(parameter: Json, rest: object = {}): string[] {
  const parsed = CustomTool.safeParse({
    type: 'custom',
    name: 't',
    description: 'd',
    input_schema: { type: 'object', properties: { x: parameter }, ...rest },
  });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('schemas of custom tools', () => {
  it.each<[string, Json, RegExp]>([
    ['a text', 'string', /^input_schema\.properties\.x: expected a schema, .* this is "string"$/],
    ['a number', 5, /^input_schema\.properties\.x: expected a schema/],
    ['null', null, /^input_schema\.properties\.x: expected a schema/],
    ['a list', [], /^input_schema\.properties\.x: expected a schema/],
    ['an unknown type', { type: 'strin' }, /^input_schema\.properties\.x\.type: "strin" is no type/],
    ['a type of a language', { type: 'int' }, /did you mean integer\?$/],
    [
      'an unknown type in a list',
      { type: ['string', 'nul'] },
      /^input_schema\.properties\.x\.type\.1: "nul"/,
    ],
    ['no type at all', { type: [] }, /^input_schema\.properties\.x\.type: names no type/],
    ['a type that is a number', { type: 5 }, /^input_schema\.properties\.x\.type: 5 is no type/],
    [
      'properties as a list',
      { type: 'object', properties: ['a'] },
      /^input_schema\.properties\.x\.properties: expected an object/,
    ],
    [
      'required as a text',
      { type: 'object', required: 'a' },
      /^input_schema\.properties\.x\.required: expected a list of names/,
    ],
    [
      'required with a number',
      { type: 'object', required: [1] },
      /^input_schema\.properties\.x\.required\.0: /,
    ],
    [
      'an enum that is no list',
      { enum: 'a' },
      /^input_schema\.properties\.x\.enum: expected a list of values/,
    ],
    [
      'anyOf that is no list',
      { anyOf: { type: 'string' } },
      /^input_schema\.properties\.x\.anyOf: expected a list of schemas/,
    ],
    [
      'a text among alternatives',
      { anyOf: ['string'] },
      /^input_schema\.properties\.x\.anyOf\.0: expected a schema/,
    ],
    [
      'items that are a text',
      { type: 'array', items: 'string' },
      /^input_schema\.properties\.x\.items: expected a schema/,
    ],
    [
      'a description that is no text',
      { type: 'string', description: 5 },
      /^input_schema\.properties\.x\.description: expected a text/,
    ],
    [
      'other properties that are a text',
      { type: 'object', additionalProperties: 'no' },
      /^input_schema\.properties\.x\.additionalProperties: /,
    ],
    [
      'a reference',
      { items: { $ref: '#/$defs/a' } },
      /^input_schema\.properties\.x\.items: must not contain \$ref/,
    ],
    [
      'a reference in a property named default',
      { type: 'object', properties: { default: { $ref: '#/a' } } },
      /^input_schema\.properties\.x\.properties\.default: must not contain \$ref/,
    ],
    ['a bound as a text', { type: 'integer', minimum: '0' }, /x\.minimum: expected a number; this is "0"$/],
    ['a bound below 0', { type: 'string', minLength: -1 }, /x\.minLength: expected a whole number from 0 on/],
    ['a multiple of 0', { type: 'number', multipleOf: 0 }, /x\.multipleOf: expected a number above 0/],
    ['a reference to another document', { $ref: 'https://example.com/a.json' }, /must not contain \$ref/],
  ])('%s is refused, with its place', (_name, parameter, expected) => {
    expect(problemsOf(parameter).join('\n')).toMatch(expected);
  });

  it.each<[string, Json]>([
    ['any', { type: 'any' }],
    ['a tuple', { type: 'array', items: [{ type: 'string' }] }],
    ['a boolean bound', { type: 'integer', minimum: 0, exclusiveMinimum: true }],
    ['true', true],
    ['false', false],
    ['required of draft 3', { type: 'string', required: true }],
    ['required that is null', { type: 'object', required: null }],
    ['a description that is null', { type: 'string', description: null }],
    ['a type in capitals', { type: 'STRING' }],
    ['data with a name that is a word', { default: { $ref: 'x' }, enum: [{ $ref: 'x' }], type: 'object' }],
    ['a property named $ref', { type: 'object', properties: { $ref: { type: 'string' } } }],
    ['conditions', { type: 'object', if: {}, else: {}, not: { required: ['a'] } }],
  ])('%s is taken, since it can be converted', (_name, parameter) => {
    expect(problemsOf(parameter)).toEqual([]);
  });

  it('refuses what is nested without end', () => {
    let deep: Json = {};
    for (let level = 0; level < 2_000; level += 1) deep = { items: deep };
    expect(problemsOf(deep)).toEqual(['input_schema: is nested deeper than 100 levels']);
  });
});
