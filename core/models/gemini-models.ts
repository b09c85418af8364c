import type { Effort, ModelEntry, ModelPrices } from './model-entry.ts';

const GEMINI_IMAGES = {
  maxCount: 3_000,
  maxBytes: 7 * 1024 * 1024,
  maxPixelsPerSide: 3_072,
  mediaTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/heic', 'image/heif'],
} as const;

const EFFORTS: readonly Effort[] = ['low', 'medium', 'high'];

/** The vendor's cache is implicit: writing costs the input price. */
function priced(input: number, output: number, cacheRead: number): ModelPrices {
  return { input, output, cache_read: cacheRead, cache_write_5m: input, cache_write_1h: input };
}

const KNOWN: readonly [string, string, string, number, ModelPrices][] = [
  ['gemini-4-argon', 'Gemini 4 Argon', '2026-10-13', 1_048_576, priced(2, 10, 0.1)],
  ['gemini-3.8-flash', 'Gemini 3.8 Flash', '2026-09-02', 65_536, priced(0.75, 3.75, 0.075)],
  [
    'gemini-3.1-pro-preview',
    'Gemini 3.1 Pro Preview',
    '2026-02-19',
    65_536,
    { ...priced(2, 12, 0.2), long_context: { above: 200_000, ...priced(4, 18, 0.4) } },
  ],
  ['gemini-3.5-flash-lite', 'Gemini 3.5 Flash Lite', '2026-07-21', 65_536, priced(0.3, 2.5, 0.03)],
  [
    'gemini-2.5-pro',
    'Gemini 2.5 Pro',
    '2025-06-17',
    65_536,
    { ...priced(1.25, 10, 0.125), long_context: { above: 200_000, ...priced(2.5, 15, 0.25) } },
  ],
  ['gemini-2.5-flash', 'Gemini 2.5 Flash', '2025-06-17', 65_536, priced(0.3, 2.5, 0.03)],
];

/** The Gemini models that the catalogue lists. */
export function geminiModels(): ModelEntry[] {
  return KNOWN.map(([id, displayName, released, maxOutputTokens, prices]) => ({
    ...geminiModel(id),
    displayName,
    createdAt: `${released}T00:00:00Z`,
    maxOutputTokens,
    prices,
  }));
}

/** What holds for Gemini models in general. From version 3 on they take a thinking level, before that a budget of tokens. */
export function geminiModel(id: string): ModelEntry {
  return {
    id,
    displayName: id,
    provider: 'gemini',
    vendorModel: id,
    contextWindow: 1_048_576,
    maxOutputTokens: 65_536,
    tools: true,
    images: GEMINI_IMAGES,
    pdf: true,
    thinking: /^gemini-[12]\b/.test(id) ? 'budget' : 'effort',
    efforts: EFFORTS,
    defaultEffort: 'high',
    fastMode: false,
    midConversationSystem: false,
    prices: null,
    fallback: [],
    createdAt: '1970-01-01T00:00:00Z',
    connection: { extraHeaders: {}, extraBody: {} },
  };
}
