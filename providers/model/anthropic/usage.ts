import type { MessageDeltaUsage, Usage } from '@anthropic-ai/sdk/resources/messages';
import type { ModelUsage } from '../model-provider.ts';
import { soundUsage } from '../sum-usage.ts';

export function emptyUsage(): ModelUsage {
  return {
    input_tokens: 0,
    output_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation_5m_input_tokens: 0,
    cache_creation_1h_input_tokens: 0,
  };
}

/**
 * The usage after a `message_start` or `message_delta`. Each names running totals, not additions; what one leaves out stays. The split
 * of cache writes by lifetime comes only at the start, so a later total counts as 5-minute writes for what exceeds it.
 */
export function addUsage(
  usage: ModelUsage,
  reported: Partial<Usage> | MessageDeltaUsage | null | undefined,
): ModelUsage {
  if (reported === null || reported === undefined) return usage;
  const split = 'cache_creation' in reported ? reported.cache_creation : undefined;
  const oneHour = split?.ephemeral_1h_input_tokens ?? usage.cache_creation_1h_input_tokens;
  const written = reported.cache_creation_input_tokens;
  const fiveMinutes =
    typeof written === 'number'
      ? Math.max(0, written - oneHour)
      : (split?.ephemeral_5m_input_tokens ?? usage.cache_creation_5m_input_tokens);
  return soundUsage({
    input_tokens: reported.input_tokens ?? usage.input_tokens,
    output_tokens: reported.output_tokens ?? usage.output_tokens,
    cache_read_input_tokens: reported.cache_read_input_tokens ?? usage.cache_read_input_tokens,
    cache_creation_5m_input_tokens: fiveMinutes,
    cache_creation_1h_input_tokens: oneHour,
  });
}
