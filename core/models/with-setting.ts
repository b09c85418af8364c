import type { ImageLimits, ModelConnection, ModelPrices, Rates, Thinking } from './model-entry.ts';
import { ANY_IMAGES, thinkingOver, type ModelFacts } from './known/model-facts.ts';
import type { ModelSetting, PriceSetting, RateSetting } from './model-setting.ts';

/** What a setting says of its model; what it leaves out is left out here as well. */
export function statedFacts(known: ModelFacts, setting: ModelSetting): ModelFacts {
  return {
    ...field('displayName', setting.display_name),
    ...field('contextWindow', setting.context_window),
    ...field('maxOutputTokens', setting.max_output_tokens ?? outputWithin(known, setting.context_window)),
    ...field('tools', setting.tools),
    ...field('pdf', setting.pdf),
    ...field('fastMode', setting.fast_mode),
    ...field('midConversationSystem', setting.mid_conversation_system),
    ...field('createdAt', momentOf(setting.released)),
    ...field('retiresAt', momentOf(setting.retires)),
    ...(setting.images === undefined ? {} : { images: imagesOf(known.images ?? null, setting.images) }),
    ...(setting.prices === undefined ? {} : { prices: pricesOf(known.prices ?? null, setting.prices) }),
    ...thinkingFacts(known, setting),
    ...field('reasoningHistory', setting.reasoning_history),
  };
}

/** How a model is reached by its setting, on top of what was said of it before. */
export function statedConnection(known: ModelConnection, setting: ModelSetting): ModelConnection {
  const { baseUrl, apiKey, apiKeyFile, api, maxConcurrent } = known;
  return {
    ...field('baseUrl', setting.base_url ?? baseUrl),
    ...field('apiKey', setting.api_key ?? apiKey),
    ...field('apiKeyFile', setting.api_key === undefined ? apiKeyFile : setting.api_key_file),
    ...field('api', setting.api ?? api),
    ...field('maxConcurrent', setting.max_concurrent_requests ?? maxConcurrent),
    extraHeaders: setting.extra_headers ?? known.extraHeaders,
    extraBody: setting.extra_body ?? known.extraBody,
  };
}

/** A day begins at midnight in UTC. */
function momentOf(day: string | undefined): string | undefined {
  return day === undefined ? undefined : new Date(day).toISOString();
}

/** A window that was made smaller makes the answers smaller with it. */
function outputWithin(known: ModelFacts, window: number | undefined): number | undefined {
  if (window === undefined || known.maxOutputTokens === undefined) return undefined;
  const most = Math.max(1, Math.floor(window / 4));
  return most < known.maxOutputTokens ? most : undefined;
}

/** Efforts that are named make a model that is not known to think one that does. */
function thinkingFacts(
  known: ModelFacts,
  { provider, thinking, efforts, default_effort }: ModelSetting,
): ModelFacts {
  if (thinking === false || thinking === 'none')
    return { thinking: 'none', efforts: [], defaultEffort: null };
  const before = known.thinking ?? 'none';
  const thinks = thinking !== undefined || (efforts !== undefined && efforts.length > 0);
  const kind: Thinking | undefined =
    typeof thinking === 'string'
      ? thinking
      : thinks && before === 'none'
        ? thinkingOver(provider, 'effort')
        : undefined;
  const standard = known.defaultEffort ?? null;
  const kept = standard === null || efforts === undefined || efforts.includes(standard) ? undefined : null;
  return {
    ...field('thinking', kind),
    ...field('efforts', efforts),
    ...field('defaultEffort', default_effort ?? kept),
  };
}

function imagesOf(
  known: ImageLimits | null,
  setting: NonNullable<ModelSetting['images']>,
): ImageLimits | null {
  if (setting.max_count === 0) return null;
  const base = known ?? ANY_IMAGES;
  return {
    maxCount: setting.max_count ?? base.maxCount,
    maxBytes: setting.max_bytes ?? base.maxBytes,
    maxPixelsPerSide: setting.max_pixels_per_side ?? base.maxPixelsPerSide,
    mediaTypes: setting.media_types ?? base.mediaTypes,
  };
}

/**
 * Prices that are named replace all known ones, so that a long prompt or a day does not bring others back. What is not named of them: the cache costs what
 * the input costs, the other prices stay.
 */
function pricesOf(known: ModelPrices | null, setting: PriceSetting): ModelPrices {
  const base = ratesOf(setting, known);
  const { long_context: long, fast_multiplier: fast = known?.fast_multiplier, periods } = setting;
  return {
    ...base,
    ...field('fast_multiplier', fast),
    ...(long === undefined ? {} : { long_context: { above: long.above, ...ratesOf(long, base) } }),
    ...(periods === undefined
      ? {}
      : {
          periods: periods.map((period) => {
            const rates = ratesOf(period, base);
            const { from, until, long_context: longer } = period;
            return {
              ...rates,
              ...field('from', momentOf(from)),
              ...field('until', momentOf(until)),
              ...field('fast_multiplier', period.fast_multiplier ?? fast),
              ...(longer === undefined
                ? {}
                : { long_context: { above: longer.above, ...ratesOf(longer, rates) } }),
            };
          }),
        }),
  };
}

function ratesOf(setting: RateSetting, known: Pick<Rates, 'input' | 'output'> | null): Rates {
  const input = setting.input ?? known?.input ?? 0;
  return {
    input,
    output: setting.output ?? known?.output ?? 0,
    cache_read: setting.cache_read ?? input,
    cache_write_5m: setting.cache_write_5m ?? input,
    cache_write_1h: setting.cache_write_1h ?? setting.cache_write_5m ?? input,
  };
}

function field<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  if (value === undefined) return {};
  const object: { [Key in Name]?: Value } = {};
  object[name] = value;
  return object;
}
