import { expect, it } from 'vitest';
import type { PreparedRequest } from './request/build-model-request.ts';
import { stepUsage } from './step-usage.ts';

const prepared = {
  entry: { id: 'm', prices: { input: 1, output: 1, cache_read: 1, cache_write_5m: 1, cache_write_1h: 1 } },
  request: {},
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
