import type { BetaManagedAgentsSessionUsageSnapshot } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { toMonetaryAmount } from '../models/list-cost.ts';
import type { UsageTotals } from './view.ts';

/**
 * Usage as the API shows it, on the session and on `session.usage`. The cost is left out where it is not known (`unpriced`).
 * `activeMs` is the time spent running, milliseconds.
 */
export function toUsageSnapshot(
  usage: UsageTotals,
  unpriced: boolean,
  activeMs: number,
): BetaManagedAgentsSessionUsageSnapshot {
  return {
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    cache_read_input_tokens: usage.cache_read_input_tokens,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cache_creation_5m_input_tokens,
      ephemeral_1h_input_tokens: usage.cache_creation_1h_input_tokens,
    },
    active_seconds: Math.round(activeMs / 1000),
    ...(unpriced ? {} : { list_cost: toMonetaryAmount(usage.list_cost_nano_usd) }),
  };
}
