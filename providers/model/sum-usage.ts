import type { ModelUsage } from './model-provider.ts';

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
