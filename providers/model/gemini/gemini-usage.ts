import type { GenerateContentResponse } from '@google/genai';
import type { ModelUsage } from '../model-provider.ts';

/** The vendor's counts, which are running totals in each chunk; cached tokens are part of its prompt. */
export function geminiUsage(usage: GenerateContentResponse['usageMetadata']): ModelUsage {
  const read = usage?.cachedContentTokenCount ?? 0;
  return {
    input_tokens: Math.max(0, (usage?.promptTokenCount ?? 0) + (usage?.toolUsePromptTokenCount ?? 0) - read),
    output_tokens: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
    cache_read_input_tokens: read,
    cache_creation_5m_input_tokens: 0,
    cache_creation_1h_input_tokens: 0,
  };
}
