import type { Effort, ModelEntry, ModelPrices } from './model-entry.ts';

const CLAUDE_IMAGES = {
  maxCount: 100,
  // The vendor measures the base64 form, which may have 5 MiB.
  maxBytes: (5 * 1024 * 1024 * 3) / 4,
  maxPixelsPerSide: 2000,
  mediaTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
} as const;

const ALL_EFFORTS: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

/** [id, name, release date, input, output, cache read: dollars per million tokens, default effort]. */
const CURRENT: readonly [string, string, string, number, number, number, Effort | null][] = [
  ['claude-fable-5-1', 'Claude Fable 5.1', '2026-09-01', 10, 50, 0.25, 'high'],
  ['claude-opus-5-5', 'Claude Opus 5.5', '2026-09-22', 4, 20, 0.2, 'medium'],
  ['claude-sonnet-5-5', 'Claude Sonnet 5.5', '2026-09-28', 2, 10, 0.1, 'high'],
  ['claude-haiku-5-5', 'Claude Haiku 5.5', '2026-10-07', 0.1, 0.5, 0.01, 'medium'],
  ['claude-fable-5', 'Claude Fable 5', '2026-06-07', 10, 50, 1, 'high'],
  ['claude-opus-5', 'Claude Opus 5', '2026-07-24', 5, 25, 0.5, 'high'],
  ['claude-sonnet-5', 'Claude Sonnet 5', '2026-06-30', 2, 10, 0.2, 'high'],
  ['claude-opus-4-8', 'Claude Opus 4.8', '2026-05-28', 5, 25, 0.5, 'high'],
  ['claude-opus-4-7', 'Claude Opus 4.7', '2026-04-14', 5, 25, 0.5, 'high'],
  ['claude-opus-4-6', 'Claude Opus 4.6', '2026-02-04', 5, 25, 0.5, 'high'],
  ['claude-sonnet-4-6', 'Claude Sonnet 4.6', '2026-02-17', 3, 15, 0.3, 'high'],
  ['claude-opus-4-5', 'Claude Opus 4.5', '2025-11-24', 5, 25, 0.5, 'high'],
  ['claude-haiku-4-5', 'Claude Haiku 4.5', '2025-10-15', 1, 5, 0.1, null],
  ['claude-sonnet-4-5', 'Claude Sonnet 4.5', '2025-09-29', 3, 15, 0.3, null],
];

/** The Claude models that the catalogue lists, newest line first. */
export function claudeModels(): ModelEntry[] {
  return CURRENT.map(([id, displayName, released, input, output, cacheRead, defaultEffort]) => ({
    ...claudeModel(id),
    displayName,
    createdAt: `${released}T00:00:00Z`,
    defaultEffort,
    prices: claudePrices(id, input, output, cacheRead),
  }));
}

/**
 * What holds for a `claude-*` id by its version alone, so that one released after this list works as well: from 4.6 on models think
 * adaptively with a 1M-token window, and from 4.8 on (Sonnet and Haiku from 5) system messages may stand mid-conversation.
 */
export function claudeModel(id: string): ModelEntry {
  const version = claudeVersion(id);
  const adaptive = version >= 4.06;
  const hasEffort = adaptive || id.startsWith('claude-opus-4-5');
  const family = id.split('-')[1] ?? '';
  return {
    id,
    displayName: id,
    provider: 'anthropic',
    vendorModel: id,
    contextWindow: adaptive ? 1_000_000 : 200_000,
    maxOutputTokens: adaptive ? 128_000 : 64_000,
    tools: true,
    images: CLAUDE_IMAGES,
    pdf: true,
    thinking: adaptive ? 'adaptive' : 'budget',
    efforts: !hasEffort ? [] : effortsOf(version),
    defaultEffort: hasEffort ? 'high' : null,
    fastMode: family === 'opus' && version >= 4.08,
    midConversationSystem: version >= 5 || (family === 'opus' && version >= 4.08),
    prices: null,
    fallback: [],
    createdAt: '1970-01-01T00:00:00Z',
    connection: { extraHeaders: {}, extraBody: {} },
  };
}

function effortsOf(version: number): readonly Effort[] {
  if (version >= 4.07) return ALL_EFFORTS;
  return version >= 4.06 ? ['low', 'medium', 'high', 'max'] : ['low', 'medium', 'high'];
}

/** `claude-opus-4-8` → 4.08, `claude-sonnet-5` → 5; ids without a version count as newest. */
function claudeVersion(id: string): number {
  const numbers = /^claude-[a-z]+-(\d{1,2})(?:-(\d{1,2}))?(?:-|$)/.exec(id);
  if (numbers === null) return /^claude-(\d)-/.test(id) ? 3 : 99;
  return Number(numbers[1]) + Number(numbers[2] ?? 0) / 100;
}

/** The vendor's cache writes cost 1.25 and 2 times the input price. */
function claudePrices(id: string, input: number, output: number, cacheRead: number): ModelPrices {
  const prices = {
    input,
    output,
    cache_read: cacheRead,
    cache_write_5m: input * 1.25,
    cache_write_1h: input * 2,
  };
  if (id === 'claude-haiku-5-5')
    return {
      ...prices,
      long_context: {
        above: 100_000,
        input: 0.5,
        output: 2.5,
        cache_read: 0.05,
        cache_write_5m: 0.625,
        cache_write_1h: 1,
      },
    };
  return claudeModel(id).fastMode ? { ...prices, fast_multiplier: 2 } : prices;
}
