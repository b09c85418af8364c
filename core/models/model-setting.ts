import type { JsonObject } from '../json.ts';
import type { ModelPrices, ModelProviderKind, OpenAiApi } from './model-entry.ts';

/** One item of `models` in the configuration, its key already read. A field left out keeps what is known of the model. */
export interface ModelSetting {
  id: string;
  provider: ModelProviderKind;
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
  thinking?: boolean | undefined;
  images?:
    | {
        max_count?: number | undefined;
        max_bytes?: number | undefined;
        max_pixels_per_side?: number | undefined;
        media_types?: string[] | undefined;
      }
    | undefined;
  prices?:
    | { [Name in keyof Omit<ModelPrices, 'fast_multiplier' | 'long_context'>]?: number | undefined }
    | undefined;
  fallback?: string[] | undefined;
  max_concurrent_requests?: number | undefined;
  extra_headers?: Record<string, string> | undefined;
  extra_body?: JsonObject | undefined;
}
