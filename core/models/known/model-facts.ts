import type { ImageLimits, ModelEntry, ModelProviderKind, Thinking } from '../model-entry.ts';

/** What can be known of a model wherever it runs, as opposed to how it is reached here. */
export type ModelFact =
  | 'displayName'
  | 'contextWindow'
  | 'maxOutputTokens'
  | 'tools'
  | 'images'
  | 'pdf'
  | 'thinking'
  | 'efforts'
  | 'defaultEffort'
  | 'wire'
  | 'sampling'
  | 'thinksUnasked'
  | 'fastMode'
  | 'midConversationSystem'
  | 'prices'
  | 'createdAt'
  | 'retiresAt';

/** Some of it. What is absent is not known. */
export type ModelFacts = { readonly [Fact in ModelFact]?: ModelEntry[Fact] };

/** Images of a model of which only that it takes some is known: what every server takes. */
export const ANY_IMAGES: ImageLimits = {
  maxCount: 20,
  maxBytes: (5 * 1024 * 1024 * 3) / 4,
  maxPixelsPerSide: 2048,
  mediaTypes: ['image/jpeg', 'image/png'],
};

/** What is assumed of a model of which nothing is said: a small window, tools, no images. Its configuration says more. */
export const DEFAULT_FACTS = {
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
  createdAt: '1970-01-01T00:00:00Z',
} as const satisfies ModelFacts;

/** The entry of a model with these facts, at its provider's own connection. */
export function entryOf(id: string, provider: ModelProviderKind, facts: ModelFacts): ModelEntry {
  return {
    id,
    provider,
    vendorModel: id,
    displayName: id,
    ...DEFAULT_FACTS,
    fallback: [],
    connection: { extraHeaders: {}, extraBody: {} },
    ...facts,
  };
}

/** How a model that thinks is told to over a protocol: each has its own way. */
export function thinkingOver(provider: ModelProviderKind, thinking: Thinking): Thinking {
  if (thinking === 'none') return 'none';
  if (provider === 'openai') return 'effort';
  if (provider === 'gemini') return thinking === 'budget' ? 'budget' : 'effort';
  return thinking === 'effort' ? 'budget' : thinking;
}
