import type { CompletionUsage } from 'openai/resources/completions';
import type { ModelUsage } from '../../model-provider.ts';

/**
 * What a server reports; cached and written tokens are part of its prompt. xAI and Gemini's compatible API count thinking in the total alone.
 */
export function chatUsage(reported: CompletionUsage): ModelUsage {
  const prompt = reported.prompt_tokens ?? 0;
  const read = Math.min(reported.prompt_tokens_details?.cached_tokens ?? 0, prompt);
  const written = reported.prompt_tokens_details?.cache_write_tokens ?? 0;
  return {
    input_tokens: Math.max(0, prompt - read - written),
    output_tokens: Math.max(reported.completion_tokens ?? 0, (reported.total_tokens ?? 0) - prompt),
    cache_read_input_tokens: read,
    cache_creation_5m_input_tokens: written,
    cache_creation_1h_input_tokens: 0,
  };
}
