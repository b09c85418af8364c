import type { Effort } from '../model-entry.ts';
import type { ModelFacts } from './model-facts.ts';

export const OPENAI_IMAGES = {
  maxCount: 500,
  maxBytes: 20 * 1024 * 1024,
  maxPixelsPerSide: 2048,
  mediaTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
} as const;

const THREE: readonly Effort[] = ['low', 'medium', 'high'];
const FOUR: readonly Effort[] = [...THREE, 'xhigh'];
const FIVE: readonly Effort[] = [...FOUR, 'max'];

/** [names, window, longest answer, efforts, what else is different]; the first that fits counts. */
const FAMILIES: readonly (readonly [RegExp, number, number, readonly Effort[], ModelFacts?])[] = [
  [/^gpt-oss/, 131_072, 32_768, THREE, { images: null, pdf: false, midConversationSystem: false }],
  [/^gpt-3\.5/, 16_385, 4_096, [], { images: null, pdf: false }],
  [/^gpt-4-(turbo|1106|0125|vision)/, 128_000, 4_096, [], { pdf: false }],
  [/^gpt-4-32k/, 32_768, 8_192, [], { images: null, pdf: false }],
  [/^gpt-4(-\d{4})?$/, 8_192, 4_096, [], { images: null, pdf: false }],
  [/^chatgpt-4o/, 128_000, 16_384, [], { tools: false }],
  [/^gpt-4o-\d{4}-05-13/, 128_000, 4_096, []],
  [/^gpt-4o(-mini)?-search/, 128_000, 16_384, [], { tools: false }],
  [/^gpt-?4o/, 128_000, 16_384, []],
  [/^gpt-?4\.1/, 1_047_576, 32_768, []],
  [/^gpt-4\.5/, 128_000, 16_384, []],
  // These have no effort to set; the later ones think a little all the same.
  [/^gpt-5(\.\d)?-chat|^(gpt-)?chat-latest/, 128_000, 16_384, []],
  [/^o1-(mini|preview)/, 128_000, 32_768, [], { tools: false, images: null, pdf: false, thinking: 'effort' }],
  [/^(o[13]-mini|codex-mini)/, 200_000, 100_000, THREE, { images: null, pdf: false }],
  [/^o[1-9]/, 200_000, 100_000, THREE],
  [/^gpt-?5-pro/, 400_000, 272_000, ['high']],
  [/^gpt-5\.[2-9]-pro/, 400_000, 128_000, ['medium', 'high', 'xhigh']],
  [/^gpt-5\.3-codex-spark/, 128_000, 32_000, FOUR, { images: null, pdf: false }],
  [/^gpt-5\.1-codex-max/, 400_000, 128_000, FOUR],
  [/^gpt-?5(\.1)?(-|$)/, 400_000, 128_000, THREE],
  [/^gpt-5\.[23]/, 400_000, 128_000, FOUR],
  [/^gpt-5\.\d+-(mini|nano)/, 400_000, 128_000, FOUR],
  [/^gpt-5\./, 1_050_000, 128_000, FOUR],
  [/^gpt-(\d{2}|[6-9])/, 1_050_000, 128_000, FIVE],
  // A name of theirs that fits none of these is taken for one of the present.
  [/^gpt-/, 128_000, 16_384, []],
];

/** What holds for OpenAI's models by name, or null where the name is none of theirs. `name` is as `namesOf` gives it. */
export function openAiFacts(name: string): ModelFacts | null {
  const row = FAMILIES.find(([names]) => names.test(name));
  if (row === undefined) return null;
  const [, contextWindow, maxOutputTokens, efforts, different] = row;
  const standard = efforts.includes('medium') ? 'medium' : (efforts[0] ?? null);
  return {
    contextWindow,
    maxOutputTokens,
    tools: true,
    images: OPENAI_IMAGES,
    pdf: true,
    thinking: efforts.length > 0 ? 'effort' : 'none',
    efforts,
    defaultEffort: standard,
    midConversationSystem: true,
    ...different,
  };
}
