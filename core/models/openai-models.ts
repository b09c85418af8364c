import type { Effort, ModelEntry, ModelPrices } from './model-entry.ts';

const OPENAI_IMAGES = {
  maxCount: 500,
  maxBytes: 20 * 1024 * 1024,
  maxPixelsPerSide: 2048,
  mediaTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
} as const;

const EFFORTS: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

interface Known {
  id: string;
  name: string;
  released: string;
  window: number;
  output: number;
  efforts: readonly Effort[];
  prices: ModelPrices;
}

/** From a long prompt on (272,000 tokens) the vendor doubles its input prices and takes half as much again for output. */
function priced(input: number, output: number, cacheRead: number, cacheWrite: number): ModelPrices {
  const prices = {
    input,
    output,
    cache_read: cacheRead,
    cache_write_5m: cacheWrite,
    cache_write_1h: cacheWrite,
  };
  return {
    ...prices,
    long_context: {
      above: 272_000,
      input: input * 2,
      output: output * 1.5,
      cache_read: cacheRead * 2,
      cache_write_5m: cacheWrite * 2,
      cache_write_1h: cacheWrite * 2,
    },
  };
}

const LARGE = { window: 1_050_000, output: 128_000, efforts: EFFORTS };

const KNOWN: readonly Known[] = [
  {
    id: 'gpt-6-astra',
    name: 'GPT-6 Astra',
    released: '2026-09-04',
    ...LARGE,
    prices: priced(10, 50, 1, 12.5),
  },
  {
    id: 'gpt-6.1-sol',
    name: 'GPT-6.1 Sol',
    released: '2026-09-29',
    ...LARGE,
    prices: priced(2, 10, 0.1, 2.5),
  },
  {
    id: 'gpt-6.1-terra',
    name: 'GPT-6.1 Terra',
    released: '2026-10-26',
    ...LARGE,
    prices: priced(1, 5, 0.05, 1.25),
  },
  { id: 'gpt-6-sol', name: 'GPT-6 Sol', released: '2026-09-22', ...LARGE, prices: priced(2, 10, 0.2, 2.5) },
  {
    id: 'gpt-6-luna',
    name: 'GPT-6 Luna',
    released: '2026-09-22',
    ...LARGE,
    prices: priced(0.1, 0.5, 0.01, 0.125),
  },
  {
    id: 'gpt-5.6',
    name: 'GPT-5.6',
    released: '2026-07-09',
    ...LARGE,
    efforts: EFFORTS.slice(0, 4),
    prices: priced(4, 20, 0.4, 5),
  },
  {
    id: 'gpt-4.1',
    name: 'GPT-4.1',
    released: '2025-04-14',
    window: 1_047_576,
    output: 32_768,
    efforts: [],
    prices: { input: 2, output: 8, cache_read: 0.5, cache_write_5m: 2, cache_write_1h: 2 },
  },
];

/** The OpenAI models that the catalogue lists. */
export function openAiModels(): ModelEntry[] {
  return KNOWN.map((known) => ({
    ...openAiModel(known.id),
    displayName: known.name,
    createdAt: `${known.released}T00:00:00Z`,
    contextWindow: known.window,
    maxOutputTokens: known.output,
    images: OPENAI_IMAGES,
    pdf: true,
    midConversationSystem: true,
    thinking: known.efforts.length > 0 ? 'effort' : 'none',
    efforts: known.efforts,
    defaultEffort: known.efforts.length > 0 ? 'medium' : null,
    prices: known.prices,
  }));
}

/**
 * What is assumed of a model behind an OpenAI-compatible server of which nothing is said: a small window, tools, no images. Its
 * configuration says more.
 */
export function openAiModel(id: string): ModelEntry {
  return {
    id,
    displayName: id,
    provider: 'openai',
    vendorModel: id,
    contextWindow: 32_768,
    maxOutputTokens: 4_096,
    tools: true,
    images: null,
    pdf: false,
    thinking: 'none',
    efforts: [],
    defaultEffort: null,
    fastMode: false,
    // Many chat templates refuse a system message that is not the first.
    midConversationSystem: false,
    prices: null,
    fallback: [],
    createdAt: '1970-01-01T00:00:00Z',
    connection: { extraHeaders: {}, extraBody: {} },
  };
}
