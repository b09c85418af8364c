import type { ModelRequest } from '../model-provider.ts';

/** The class of service in OpenAI's words. */
export function openAiTier({ settings }: ModelRequest): 'auto' | 'default' | 'flex' | 'priority' | undefined {
  const tier = settings?.service_tier;
  return tier === 'standard_only' ? undefined : tier;
}
