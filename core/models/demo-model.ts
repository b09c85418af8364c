import type { ModelEntry } from './model-entry.ts';

/** The model that ships with the product and needs no key. It costs nothing and takes images without looking at them. */
export function demoModel(id = 'demo'): ModelEntry {
  return {
    id,
    displayName: 'Demo (built in, no key needed)',
    provider: 'demo',
    vendorModel: 'demo',
    contextWindow: 200_000,
    maxOutputTokens: 8_192,
    tools: true,
    images: {
      maxCount: 100,
      maxBytes: 5 * 1024 * 1024,
      maxPixelsPerSide: 2000,
      mediaTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
    },
    pdf: true,
    thinking: 'none',
    efforts: [],
    defaultEffort: null,
    fastMode: false,
    midConversationSystem: true,
    prices: { input: 0, output: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 },
    fallback: [],
    createdAt: '1970-01-01T00:00:00Z',
    connection: { extraHeaders: {}, extraBody: {} },
  };
}
