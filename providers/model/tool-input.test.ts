import { expect, it } from 'vitest';
import { cutToolInput, readToolInput } from './tool-input.ts';

it.each(['{}', '{"a": {"b": [1, "x", null]}}', ' {"a": "]["} ', '{"a": "{\\"b\\": 1}"}', '{"a": "```"}'])(
  'reads %s as the object that it is',
  (raw) => {
    expect(readToolInput(raw)).toEqual({ input: JSON.parse(raw) as unknown });
  },
);

it.each(['', '  \n', 'null', ' null\n', '"null"', '""', '[]', 'None', 'undefined', '{ }'])(
  'reads %j as no arguments',
  (raw) => {
    expect(readToolInput(raw)).toEqual({ input: {} });
  },
);

it.each([
  ['JSON in a JSON string', JSON.stringify('{"a":1}')],
  ['JSON in two JSON strings', JSON.stringify(JSON.stringify('{"a":1}'))],
  ['a fence', '```json\n{"a":1}\n```'],
  ['the end of a fence', '{"a":1}\n```'],
  ['a bracket too many', '{"a":1}}'],
  ['an end tag', '{"a":1}\n</tool_call>'],
  ['a special token', '{"a":1}<|im_end|>'],
  ['a special token of another alphabet', '{"a":1}<｜tool▁call▁end｜>'],
  ['an end token in capitals', '{"a":1}[/TOOL_CALLS]'],
  ['an empty object before it', '{}{"a":1}'],
  ['the same object twice', '{"a":1}{"a":1}'],
  ['a byte order mark', '\uFEFF{"a":1}'],
])('takes off %s', (_name, raw) => {
  expect(readToolInput(raw)).toEqual({ input: { a: 1 } });
});

it('reads line breaks and tabs that stand in a text as they are', () => {
  expect(readToolInput('{"code": "if x:\n\tprint(\\"a\\\\n\\")\r\n"}')).toEqual({
    input: { code: 'if x:\n\tprint("a\\n")\r\n' },
  });
});

it.each([
  '[1]',
  '1',
  '"x"',
  '"[1]"',
  'true',
  '{"a":',
  '{"a": "b',
  '{"a": "b\n',
  '{"a": 1} trailing',
  '{"a":1}{"b":2}',
  'call: {"a":1}',
  '{"a":1}, "b": 2',
  "{'a': 1}",
  '```json\n{"a":',
])('hands on %j as it came', (raw) => {
  expect(readToolInput(raw)).toEqual({ input: null, rawInput: raw });
});

it('hands on objects nested deeper than others could write them again, but not long ones', () => {
  const deep = '{"a":'.repeat(600) + '1' + '}'.repeat(600);
  expect(readToolInput(deep)).toEqual({ input: null, rawInput: deep });
  const long = JSON.stringify({ text: '{[{['.repeat(10_000), quote: '\\"{' });
  expect(readToolInput(long).input).not.toBeNull();
});

it('takes a time that grows with the length alone', () => {
  for (const raw of [
    '```'.repeat(100_000),
    '{"a":1}' + '\n'.repeat(200_000) + 'x',
    '{}'.repeat(100_000),
    '"'.repeat(200_001),
  ])
    expect(readToolInput(raw).input).toBeNull();
});

it('makes the raw text well-formed', () => {
  expect(readToolInput('bad \ud83d')).toEqual({ input: null, rawInput: 'bad \ufffd' });
  expect(cutToolInput('{"a": "\ud83d')).toEqual({ input: null, rawInput: '{"a": "\ufffd' });
});
