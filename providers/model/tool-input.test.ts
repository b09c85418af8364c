import { expect, it } from 'vitest';
import { cutToolInput, readToolInput } from './tool-input.ts';

it.each(['{}', '{"a": {"b": [1, "x", null]}}', ' {"a": "]["} '])(
  'reads %s as the object that it is',
  (raw) => {
    expect(readToolInput(raw)).toEqual({ input: JSON.parse(raw) as unknown });
  },
);

it.each(['', '  \n'])('reads no text as no arguments', (raw) => {
  expect(readToolInput(raw)).toEqual({ input: {} });
});

it.each(['[]', '1', '"x"', 'null', 'true', '{"a":', '{"a": 1} trailing'])('hands on %s as it came', (raw) => {
  expect(readToolInput(raw)).toEqual({ input: null, rawInput: raw });
});

it('hands on objects nested deeper than others could write them again, but not long ones', () => {
  const deep = '{"a":'.repeat(600) + '1' + '}'.repeat(600);
  expect(readToolInput(deep)).toEqual({ input: null, rawInput: deep });
  const long = JSON.stringify({ text: '{[{['.repeat(10_000), quote: '\\"{' });
  expect(readToolInput(long).input).not.toBeNull();
});

it('makes the raw text well-formed', () => {
  expect(readToolInput('bad \ud83d')).toEqual({ input: null, rawInput: 'bad \ufffd' });
  expect(cutToolInput('{"a": "\ud83d')).toEqual({ input: null, rawInput: '{"a": "\ufffd' });
});
