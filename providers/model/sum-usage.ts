import type { ModelUsage } from './model-provider.ts';

/** Usage as it can be counted: servers report strings, fractions, nothing at all and less than nothing. */
export function soundUsage(usage: ModelUsage): ModelUsage {
  return {
    input_tokens: count(usage.input_tokens),
    output_tokens: count(usage.output_tokens),
    cache_read_input_tokens: count(usage.cache_read_input_tokens),
    cache_creation_5m_input_tokens: count(usage.cache_creation_5m_input_tokens),
    cache_creation_1h_input_tokens: count(usage.cache_creation_1h_input_tokens),
  };
}

function count(reported: unknown): number {
  const value = Math.round(Number(reported ?? 0));
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** What two requests used together. */
export function sumUsage(left: ModelUsage, right: ModelUsage): ModelUsage {
  return {
    input_tokens: left.input_tokens + right.input_tokens,
    output_tokens: left.output_tokens + right.output_tokens,
    cache_read_input_tokens: left.cache_read_input_tokens + right.cache_read_input_tokens,
    cache_creation_5m_input_tokens:
      left.cache_creation_5m_input_tokens + right.cache_creation_5m_input_tokens,
    cache_creation_1h_input_tokens:
      left.cache_creation_1h_input_tokens + right.cache_creation_1h_input_tokens,
  };
}
