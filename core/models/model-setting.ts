import type { JsonObject } from '../json.ts';
import type {
  Effort,
  ModelProviderKind,
  OpenAiApi,
  Rates,
  ReasoningHistory,
  Thinking,
} from './model-entry.ts';

export type RateSetting = { [Name in keyof Rates]?: number | undefined };

interface PricesSetting extends RateSetting {
  fast_multiplier?: number | undefined;
  long_context?: (RateSetting & { above: number }) | undefined;
}

/** Prices in the configuration, in dollars per million tokens. */
export interface PriceSetting extends PricesSetting {
  periods?: (PricesSetting & { from?: string | undefined; until?: string | undefined })[] | undefined;
}

/** One item of `models` in the configuration, its key already read. A field left out keeps what is known of the model. */
export interface ModelSetting {
  id: string;
  provider: ModelProviderKind;
  /** The connection that it is reached by; default: that of its provider. */
  connection?: string | undefined;
  /** The id of another model that it takes after, in what is known of it. */
  like?: string | undefined;
  display_name?: string | undefined;
  vendor_model?: string | undefined;
  api?: OpenAiApi | undefined;
  base_url?: string | undefined;
  api_key?: string | undefined;
  /** Where `api_key` came from, to read it again when it is replaced. */
  api_key_file?: string | undefined;
  /** Whether the model has a key of its own; the parts of the service that do not have the key know at least this. */
  has_key?: boolean | undefined;
  context_window?: number | undefined;
  max_output_tokens?: number | undefined;
  tools?: boolean | undefined;
  thinking?: boolean | Thinking | undefined;
  efforts?: Effort[] | undefined;
  default_effort?: Effort | undefined;
  pdf?: boolean | undefined;
  mid_conversation_system?: boolean | undefined;
  fast_mode?: boolean | undefined;
  /** A day or a moment, RFC 3339, as is `retires`. */
  released?: string | undefined;
  retires?: string | undefined;
  reasoning_history?: ReasoningHistory | undefined;
  images?:
    | {
        max_count?: number | undefined;
        max_bytes?: number | undefined;
        max_pixels_per_side?: number | undefined;
        media_types?: string[] | undefined;
      }
    | undefined;
  prices?: PriceSetting | undefined;
  fallback?: string[] | undefined;
  max_concurrent_requests?: number | undefined;
  extra_headers?: Record<string, string> | undefined;
  extra_body?: JsonObject | undefined;
}

/** What is wrong with a model of the configuration, and in which of its fields. */
export interface SettingProblem {
  index: number;
  field: string;
  message: string;
}
