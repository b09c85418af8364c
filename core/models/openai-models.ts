import { entryOf, type ModelFacts } from './known/model-facts.ts';
import { namesOf } from './known/model-names.ts';
import { openAiFacts } from './known/openai-family.ts';
import type { Effort, ModelEntry, ModelPrices } from './model-entry.ts';

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

/** What is known of the OpenAI models that the catalogue lists besides what holds for their family. */
export const OPENAI_LIST: ReadonlyMap<string, ModelFacts> = new Map(
  KNOWN.map((known) => [
    known.id,
    {
      displayName: known.name,
      createdAt: `${known.released}T00:00:00Z`,
      contextWindow: known.window,
      maxOutputTokens: known.output,
      efforts: known.efforts,
      prices: known.prices,
    },
  ]),
);

/** The OpenAI models that the catalogue lists. */
export function openAiModels(): ModelEntry[] {
  return [...OPENAI_LIST].map(([id, facts]) => ({ ...openAiModel(id), ...facts }));
}

/** One of OpenAI's models by its name alone. */
export function openAiModel(id: string): ModelEntry {
  return entryOf(id, 'openai', openAiFacts(namesOf(id)[0] ?? id) ?? {});
}
