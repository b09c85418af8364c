import { geminiFacts } from './known/gemini-family.ts';
import { entryOf, type ModelFacts } from './known/model-facts.ts';
import { namesOf } from './known/model-names.ts';
import type { ModelEntry, ModelPrices } from './model-entry.ts';

/** The vendor's cache is implicit: writing costs the input price. */
function priced(input: number, output: number, cacheRead: number): ModelPrices {
  return { input, output, cache_read: cacheRead, cache_write_5m: input, cache_write_1h: input };
}

/** The vendor's introductory prices hold through 2026; then they double. */
const INTRODUCTORY: ModelPrices = {
  ...priced(0.75, 3.75, 0.075),
  periods: [{ from: '2027-01-01T00:00:00Z', ...priced(1.5, 7.5, 0.15) }],
};

const KNOWN: readonly [string, string, string, number, ModelPrices][] = [
  ['gemini-4-argon', 'Gemini 4 Argon', '2026-10-13', 1_048_576, priced(2, 10, 0.1)],
  ['gemini-3.8-flash', 'Gemini 3.8 Flash', '2026-09-02', 65_536, INTRODUCTORY],
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

/** What is known of the Gemini models that the catalogue lists besides what holds for their family. */
export const GEMINI_LIST: ReadonlyMap<string, ModelFacts> = new Map(
  KNOWN.map(([id, displayName, released, maxOutputTokens, prices]) => [
    id,
    { displayName, createdAt: `${released}T00:00:00Z`, maxOutputTokens, prices },
  ]),
);

/** The Gemini models that the catalogue lists. */
export function geminiModels(): ModelEntry[] {
  return [...GEMINI_LIST].map(([id, facts]) => ({ ...geminiModel(id), ...facts }));
}

/** One of Google's models by its name alone. */
export function geminiModel(id: string): ModelEntry {
  return entryOf(id, 'gemini', geminiFacts(namesOf(id)[0] ?? id) ?? {});
}
