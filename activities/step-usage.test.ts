import { expect, it } from 'vitest';
import type { PreparedRequest } from './request/build-model-request.ts';
import { stepUsage } from './step-usage.ts';

const prepared = {
  entry: { id: 'm', prices: { input: 1, output: 1, cache_read: 1, cache_write_5m: 1, cache_write_1h: 1 } },
  request: {},
  at: new Date('2026-12-31T23:59:59Z'),
} as object as PreparedRequest;

it('counts what no database takes as whole numbers, and what is no number as none', () => {
  const { usage, label } = stepUsage(prepared, {
    input_tokens: Number.NaN,
    output_tokens: 2.4,
    cache_read_input_tokens: -5,
    cache_creation_5m_input_tokens: Number.POSITIVE_INFINITY,
    cache_creation_1h_input_tokens: 1e30,
  });
  expect(usage).toMatchObject({
    input_tokens: 0,
    output_tokens: 2,
    cache_read_input_tokens: 0,
    cache_creation_5m_input_tokens: 0,
    cache_creation_1h_input_tokens: 1_000_000_000,
  });
  expect(Number.isSafeInteger(usage.list_cost_nano_usd)).toBe(true);
  expect(label).not.toContain('NaN');
});

it('takes the price of the day of the request', () => {
  const dated = (at: string): PreparedRequest => ({
    ...prepared,
    at: new Date(at),
    entry: {
      ...prepared.entry,
      prices: {
        input: 1,
        output: 1,
        cache_read: 1,
        cache_write_5m: 1,
        cache_write_1h: 1,
        periods: [
          {
            input: 2,
            output: 2,
            cache_read: 2,
            cache_write_5m: 2,
            cache_write_1h: 2,
            from: '2027-01-01T00:00:00Z',
          },
        ],
      },
    },
  });
  const used = {
    input_tokens: 1_000,
    output_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation_5m_input_tokens: 0,
    cache_creation_1h_input_tokens: 0,
  };
  expect(stepUsage(dated('2026-12-31T23:59:59Z'), used).usage.list_cost_nano_usd).toBe(1_000_000);
  expect(stepUsage(dated('2027-01-01T00:00:00Z'), used).usage.list_cost_nano_usd).toBe(2_000_000);
});
