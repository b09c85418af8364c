import { expect, it } from 'vitest';
import { createObjectExtent, type Extent } from './object-extent.ts';

it.each<[string, Extent]>([
  ['', 'nothing'],
  [' \n', 'nothing'],
  ['{', 'open'],
  [' {"a": [1, {"b": 2}', 'open'],
  ['{"a": "}"', 'open'],
  ['{"a": "\\"}"', 'open'],
  ['{}', 'whole'],
  [' {"a": {"b": ["]", "\\\\"]}} \n', 'whole'],
  ['{}{', 'other'],
  ['{} x', 'other'],
  ['[]', 'other'],
  ['null', 'other'],
])('knows where %j is in an object, in one piece and in many', (text, expected) => {
  const whole = createObjectExtent();
  whole.add(text);
  expect(whole.extent).toBe(expected);
  const pieces = createObjectExtent();
  for (const character of text) pieces.add(character);
  expect(pieces.extent).toBe(expected);
});
