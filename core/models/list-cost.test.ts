import fc from 'fast-check';
import { expect, it } from 'vitest';
import { listCostNanoUsd, toMonetaryAmount, type PricedUsage } from './list-cost.ts';
import type { ModelPrices } from './model-entry.ts';

const PRICES: ModelPrices = {
  input: 3,
  output: 15,
  cache_read: 0.3,
  cache_write_5m: 3.75,
  cache_write_1h: 6,
};
const NOW = new Date('2026-12-01T12:00:00Z');
const NONE: PricedUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
};

it.each<[Partial<PricedUsage>, number]>([
  [{}, 0],
  [{ input_tokens: 1_000_000 }, 3_000_000_000],
  [{ output_tokens: 1 }, 15_000],
  [{ cache_read_input_tokens: 10 }, 3_000],
  [{ cache_creation_5m_input_tokens: 4, cache_creation_1h_input_tokens: 2 }, 27_000],
])('prices %o', (usage, expected) => {
  expect(listCostNanoUsd({ ...NONE, ...usage }, PRICES, NOW)).toBe(expected);
});

it('takes the long-context prices for the whole request once its prompt is longer than the limit', () => {
  const prices = { ...PRICES, long_context: { ...PRICES, above: 100, input: 6, output: 30 } };
  expect(listCostNanoUsd({ ...NONE, input_tokens: 100, output_tokens: 1 }, prices, NOW)).toBe(315_000);
  expect(
    listCostNanoUsd(
      { ...NONE, input_tokens: 50, cache_read_input_tokens: 51, output_tokens: 1 },
      prices,
      NOW,
    ),
  ).toBe(300_000 + 15_300 + 30_000);
});

it('multiplies for fast mode where there is one', () => {
  expect(listCostNanoUsd({ ...NONE, input_tokens: 1 }, { ...PRICES, fast_multiplier: 2 }, NOW, 'fast')).toBe(
    6_000,
  );
  expect(listCostNanoUsd({ ...NONE, input_tokens: 1 }, PRICES, NOW, 'fast')).toBe(3_000);
});

it('is a whole number, never too little, and at most one unit too much', () => {
  fc.assert(
    fc.property(
      fc.nat(5_000_000),
      fc.nat(100_000),
      fc.integer({ min: 1, max: 100_000 }),
      (input, output, price) => {
        const prices = { ...PRICES, input: price / 1_000, output: price / 500 };
        const cost = listCostNanoUsd({ ...NONE, input_tokens: input, output_tokens: output }, prices, NOW);
        const exact = BigInt(input) * BigInt(price) + BigInt(output) * BigInt(price) * 2n;
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(Math.abs(cost - Number(exact))).toBeLessThanOrEqual(1);
      },
    ),
  );
});

it('rounds up to whole cents, without leading zeros', () => {
  expect(toMonetaryAmount(0)).toEqual({ amount: '0', currency: 'USD' });
  expect(toMonetaryAmount(1)).toEqual({ amount: '1', currency: 'USD' });
  expect(toMonetaryAmount(25_000_000_000)).toEqual({ amount: '2500', currency: 'USD' });
});

it.each([
  ['2026-11-30T23:59:59.999Z', 2],
  ['2026-12-01T00:00:00.000Z', 1],
  ['2026-12-31T23:59:59.999Z', 1],
  ['2027-01-01T00:00:00.000Z', 4],
])('takes the price of the moment: at %s it is %d', (at, input) => {
  const prices: ModelPrices = {
    ...PRICES,
    input: 2,
    periods: [
      { ...PRICES, input: 1, from: '2026-12-01T00:00:00Z', until: '2027-01-01T00:00:00Z' },
      { ...PRICES, input: 4, from: '2027-01-01T00:00:00Z' },
    ],
  };
  expect(listCostNanoUsd({ ...NONE, input_tokens: 1 }, prices, new Date(at))).toBe(input * 1_000);
});

it('lets the last of the periods that hold count, with its own price of long prompts and of speed', () => {
  const prices: ModelPrices = {
    ...PRICES,
    fast_multiplier: 2,
    long_context: { ...PRICES, above: 10, input: 100 },
    periods: [
      { ...PRICES, input: 7, until: '2027-01-01T00:00:00Z' },
      { ...PRICES, input: 5, fast_multiplier: 3, until: '2027-01-01T00:00:00Z' },
    ],
  };
  expect(listCostNanoUsd({ ...NONE, input_tokens: 20 }, prices, NOW, 'fast')).toBe(300_000);
  expect(
    listCostNanoUsd({ ...NONE, input_tokens: 20 }, prices, new Date('2027-01-01T00:00:00Z'), 'fast'),
  ).toBe(4_000_000);
});
