import type { UsageTotals } from '../core/journal/view.ts';
import { listCostNanoUsd } from '../core/models/list-cost.ts';
import type { ModelUsage } from '../providers/model/model-provider.ts';
import type { PreparedRequest } from './request/build-model-request.ts';

/** More than any model takes or gives. */
const MOST_TOKENS = 1_000_000_000;

/** What a step used, as it is committed. */
export interface StepUsage {
  usage: UsageTotals;
  /** Whether the model has list prices, so that the cost in `usage` is one. */
  priced: boolean;
  speed: 'standard' | 'fast';
  /** One line of it, for operators. */
  label: string;
  /** The id of the model that answered. */
  model: string;
}

/** What a step used, with its list cost. `note` follows the model's name in the label. */
export function stepUsage(prepared: PreparedRequest, reported: ModelUsage, note = ''): StepUsage {
  const { prices, id } = prepared.entry;
  const usage = wholeNumbers(reported);
  const input =
    usage.input_tokens +
    usage.cache_read_input_tokens +
    usage.cache_creation_5m_input_tokens +
    usage.cache_creation_1h_input_tokens;
  const speed = prepared.request.speed ?? 'standard';
  return {
    usage: {
      ...usage,
      list_cost_nano_usd: prices === null ? 0 : listCostNanoUsd(usage, prices, prepared.at, speed),
    },
    priced: prices !== null,
    speed,
    model: id,
    label: `${id}${note} · ${input.toLocaleString('en')}→${usage.output_tokens.toLocaleString('en')} tok`,
  };
}

/**
 * Servers leave numbers out, or send fractions and others that the database refuses: an answer that was paid for must not be lost for the
 * sake of its count.
 */
function wholeNumbers(reported: ModelUsage): ModelUsage {
  const whole = (value: number): number =>
    Number.isFinite(value) ? Math.min(Math.max(0, Math.round(value)), MOST_TOKENS) : 0;
  return {
    input_tokens: whole(reported.input_tokens),
    output_tokens: whole(reported.output_tokens),
    cache_read_input_tokens: whole(reported.cache_read_input_tokens),
    cache_creation_5m_input_tokens: whole(reported.cache_creation_5m_input_tokens),
    cache_creation_1h_input_tokens: whole(reported.cache_creation_1h_input_tokens),
  };
}
