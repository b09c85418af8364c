import { entryOf, type ModelFacts } from './known/model-facts.ts';
import type { ModelEntry } from './model-entry.ts';

export const DEMO_FACTS: ModelFacts = {
  displayName: 'Demo (built in, no key needed)',
  contextWindow: 200_000,
  maxOutputTokens: 8_192,
  images: {
    maxCount: 100,
    maxBytes: 5 * 1024 * 1024,
    maxPixelsPerSide: 2000,
    mediaTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
  },
  pdf: true,
  midConversationSystem: true,
  prices: { input: 0, output: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 },
};

/** The model that ships with the product and needs no key. It costs nothing and takes images without looking at them. */
export function demoModel(): ModelEntry {
  return { ...entryOf('demo', 'demo', DEMO_FACTS), vendorModel: 'demo' };
}
