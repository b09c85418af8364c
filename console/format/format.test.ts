import { expect, it } from 'vitest';
import { age } from './age.ts';
import { bytes } from './bytes.ts';
import { cost } from './cost.ts';
import { duration } from './duration.ts';
import { tokens } from './tokens.ts';

it.each([
  [0, '0'],
  [999, '999'],
  [1_000, '1k'],
  [1_240, '1.2k'],
  [9_949, '9.9k'],
  [9_951, '10k'],
  [999_499, '999k'],
  [999_500, '1M'],
  [12_340_000, '12.3M'],
])('%d tokens are %s', (count, text) => expect(tokens(count)).toBe(text));

it.each([
  [812, '812 B'],
  [3_400, '3.4 kB'],
  [12_000_000, '12 MB'],
  [999_600, '1.0 MB'],
])('%d bytes are %s', (count, text) => expect(bytes(count)).toBe(text));

it.each([
  [400, '0.4 s'],
  [12_300, '12 s'],
  [59_600, '1 min 0 s'],
  [185_000, '3 min 5 s'],
  [7_800_000, '2 h 10 min'],
])('%d ms are %s', (time, text) => expect(duration(time)).toBe(text));

it('ages are told in their largest unit, never in the future', () => {
  const now = Date.parse('2026-01-03T00:00:00Z');
  expect(age('2026-01-01T00:00:00Z', now)).toBe('2 d');
  expect(age('2026-01-02T19:00:00Z', now)).toBe('5 h');
  expect(age('2026-01-02T23:57:00Z', now)).toBe('3 min');
  expect(age('2026-01-03T00:00:05Z', now)).toBe('now');
});

it('costs are whole cents as money, and nothing where there is no price', () => {
  expect(cost({ amount: '1234', currency: 'USD' })).toBe('$12.34');
  expect(cost(null)).toBeNull();
});
