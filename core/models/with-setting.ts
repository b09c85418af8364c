import type { ImageLimits, ModelEntry, ModelPrices } from './model-entry.ts';
import type { ModelSetting } from './model-setting.ts';

const ANY_IMAGES: ImageLimits = {
  maxCount: 20,
  maxBytes: (5 * 1024 * 1024 * 3) / 4,
  maxPixelsPerSide: 2048,
  mediaTypes: ['image/jpeg', 'image/png'],
};

/** The entry with what the configuration says of it; what it leaves out stays as it is. */
export function withSetting(entry: ModelEntry, setting: ModelSetting): ModelEntry {
  const thinks = setting.thinking ?? entry.thinking !== 'none';
  const { baseUrl, apiKey, apiKeyFile, api, maxConcurrent } = entry.connection;
  return {
    ...entry,
    id: setting.id,
    displayName: setting.display_name ?? (entry.id === setting.id ? entry.displayName : setting.id),
    vendorModel: setting.vendor_model ?? (entry.provider === 'demo' ? 'demo' : setting.id),
    contextWindow: setting.context_window ?? entry.contextWindow,
    maxOutputTokens: setting.max_output_tokens ?? outputWithin(entry, setting),
    tools: setting.tools ?? entry.tools,
    thinking: !thinks ? 'none' : entry.thinking === 'none' ? 'effort' : entry.thinking,
    efforts: !thinks ? [] : entry.efforts,
    defaultEffort: thinks ? entry.defaultEffort : null,
    images: imagesOf(entry.images, setting.images),
    prices: pricesOf(entry.prices, setting.prices),
    fallback: setting.fallback ?? entry.fallback,
    connection: {
      ...optional('baseUrl', setting.base_url ?? baseUrl),
      ...optional('apiKey', setting.api_key ?? apiKey),
      ...optional('apiKeyFile', setting.api_key === undefined ? apiKeyFile : setting.api_key_file),
      ...optional('api', setting.api ?? api),
      ...optional('maxConcurrent', setting.max_concurrent_requests ?? maxConcurrent),
      extraHeaders: setting.extra_headers ?? entry.connection.extraHeaders,
      extraBody: setting.extra_body ?? entry.connection.extraBody,
    },
  };
}

/** A window that was made smaller makes the answers smaller with it. */
function outputWithin(entry: ModelEntry, setting: ModelSetting): number {
  if (setting.context_window === undefined) return entry.maxOutputTokens;
  return Math.min(entry.maxOutputTokens, Math.max(1, Math.floor(setting.context_window / 4)));
}

function imagesOf(known: ImageLimits | null, setting: ModelSetting['images']): ImageLimits | null {
  if (setting === undefined) return known;
  if (setting.max_count === 0) return null;
  const base = known ?? ANY_IMAGES;
  return {
    maxCount: setting.max_count ?? base.maxCount,
    maxBytes: setting.max_bytes ?? base.maxBytes,
    maxPixelsPerSide: setting.max_pixels_per_side ?? base.maxPixelsPerSide,
    mediaTypes: setting.media_types ?? base.mediaTypes,
  };
}

/** Prices named in the configuration replace all known ones; those of the cache follow from the input price where not named. */
function pricesOf(known: ModelPrices | null, setting: ModelSetting['prices']): ModelPrices | null {
  if (setting === undefined) return known;
  const input = setting.input ?? known?.input ?? 0;
  return {
    input,
    output: setting.output ?? known?.output ?? 0,
    cache_read: setting.cache_read ?? input,
    cache_write_5m: setting.cache_write_5m ?? input,
    cache_write_1h: setting.cache_write_1h ?? input,
  };
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]?: Value } {
  if (value === undefined) return {};
  const field: { [Key in Name]?: Value } = {};
  field[name] = value;
  return field;
}
