import type { ModelPrices, PricePeriod } from './model-entry.ts';

/** Tokens of one or more model requests, by how they are priced. */
export interface PricedUsage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_5m_input_tokens: number;
  cache_creation_1h_input_tokens: number;
}

/** The prices that hold at a moment: those of the last period that it lies in, else the others. */
export function pricesAt(prices: ModelPrices, at: Date): Omit<ModelPrices, 'periods'> {
  const holds = ({ from, until }: PricePeriod): boolean =>
    (from === undefined || at >= new Date(from)) && (until === undefined || at < new Date(until));
  return prices.periods?.findLast(holds) ?? prices;
}

/**
 * What one model request costs at list price, in billionths of a US dollar, a whole number rounded up. Requests are priced one by
 * one, since the price of some models depends on the length of the prompt, and of others on the day; sums of this unit are exact up to nine
 * million dollars.
 *
 * @param at - when the request was made.
 */
export function listCostNanoUsd(
  usage: PricedUsage,
  list: ModelPrices,
  at: Date,
  speed: 'standard' | 'fast' = 'standard',
): number {
  const prices = pricesAt(list, at);
  const prompt =
    usage.input_tokens +
    usage.cache_read_input_tokens +
    usage.cache_creation_5m_input_tokens +
    usage.cache_creation_1h_input_tokens;
  const long = prices.long_context;
  const price = long !== undefined && prompt > long.above ? long : prices;
  const multiplier = speed === 'fast' ? (prices.fast_multiplier ?? 1) : 1;
  // A dollar per million tokens is 1,000 billionths per token.
  const nano =
    1_000 *
    multiplier *
    (usage.input_tokens * price.input +
      usage.output_tokens * price.output +
      usage.cache_read_input_tokens * price.cache_read +
      usage.cache_creation_5m_input_tokens * price.cache_write_5m +
      usage.cache_creation_1h_input_tokens * price.cache_write_1h);
  // Binary fractions of prices such as 0.1 would otherwise round an exact amount up by one.
  return Math.max(0, Math.ceil(nano - 1e-6));
}

/** The API's `list_cost`: whole cents as a decimal string, rounded up. */
export function toMonetaryAmount(nanoUsd: number): { amount: string; currency: 'USD' } {
  return { amount: String(Math.ceil(nanoUsd / 1e7)), currency: 'USD' };
}
