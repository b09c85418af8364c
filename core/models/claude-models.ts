import { claudeFacts } from './known/claude-family.ts';
import { entryOf, type ModelFacts } from './known/model-facts.ts';
import { namesOf } from './known/model-names.ts';
import type { Effort, ModelEntry, ModelPrices } from './model-entry.ts';

type Row = readonly [string, string, string, number, number, number, Effort | null, string?];

/** [id, name, release date, input, output, cache read: dollars per million tokens, default effort, when the vendor ends it]. */
const CURRENT: readonly Row[] = [
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
  ['claude-opus-4-5', 'Claude Opus 4.5', '2025-11-24', 5, 25, 0.5, 'high', '2027-01-22'],
  ['claude-haiku-4-5', 'Claude Haiku 4.5', '2025-10-15', 1, 5, 0.1, null],
  ['claude-sonnet-4-5', 'Claude Sonnet 4.5', '2025-09-29', 3, 15, 0.3, null, '2026-11-30'],
];

/** What is known of the Claude models that the catalogue lists besides what holds for their family, newest line first. */
export const CLAUDE_LIST: ReadonlyMap<string, ModelFacts> = new Map(
  CURRENT.map(([id, displayName, released, input, output, cacheRead, defaultEffort, end]) => [
    id,
    {
      displayName,
      createdAt: `${released}T00:00:00Z`,
      defaultEffort,
      prices: claudePrices(id, input, output, cacheRead),
      ...(end === undefined ? {} : { retiresAt: `${end}T00:00:00Z` }),
    },
  ]),
);

/** The Claude models that the catalogue lists. */
export function claudeModels(): ModelEntry[] {
  return [...CLAUDE_LIST].map(([id, facts]) => ({ ...claudeModel(id), ...facts }));
}

/** A Claude model by its version alone. */
export function claudeModel(id: string): ModelEntry {
  return entryOf(id, 'anthropic', claudeFacts(namesOf(id)[0] ?? id));
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
  return claudeFacts(id).fastMode === true ? { ...prices, fast_multiplier: 2 } : prices;
}
