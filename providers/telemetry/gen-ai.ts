import type { Attributes } from '@opentelemetry/api';
import type { ModelUsage } from '../model/model-provider.ts';

/** How OpenTelemetry's conventions name the vendors, where they differ from ours. */
const PROVIDER_NAMES: Readonly<Record<string, string>> = { gemini: 'gcp.gemini' };

export function genAiProvider(provider: string): string {
  return PROVIDER_NAMES[provider] ?? provider;
}

/** Tokens as the conventions count them: the input with what came from caches and went into them. */
export function usageAttributes(usage: ModelUsage): Attributes {
  const written = usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens;
  return {
    'gen_ai.usage.input_tokens': usage.input_tokens + usage.cache_read_input_tokens + written,
    'gen_ai.usage.output_tokens': usage.output_tokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cache_read_input_tokens,
    'gen_ai.usage.cache_creation.input_tokens': written,
  };
}
