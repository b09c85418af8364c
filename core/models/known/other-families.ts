import type { Effort } from '../model-entry.ts';
import { ANY_IMAGES, type ModelFacts } from './model-facts.ts';

/** `i`: images; `r`: reasons by itself; `t`: takes no tools. */
type Traits = '' | 'i' | 'r' | 'ir' | 't' | 'rt' | 'it';

/** [names, window, longest answer, traits, efforts]; the first that fits counts. Servers often set a smaller window, and say so in their lists. */
const FAMILIES: readonly (readonly [RegExp, number, number, Traits, (readonly Effort[])?])[] = [
  [/^deepseek-r1-distill/, 131_072, 16_384, 'r'],
  [/^(deepseek-)?r1(-|$)|^deepseek-reasoner/, 131_072, 32_768, 'r'],
  [/^deepseek-(v4|flash|pro)/, 1_000_000, 65_536, 'r'],
  [/^deepseek-v3[.p-][12]/, 131_072, 32_768, 'r'],
  [/^deepseek-(chat|v3)/, 131_072, 8_192, ''],
  [/^deepseek-coder/, 131_072, 8_192, ''],
  [/^kimi-k3/, 1_048_576, 65_536, 'ir'],
  [/^kimi-k2[.-]?[5-9]/, 262_144, 65_536, 'ir'],
  [/^kimi-k2-think/, 262_144, 65_536, 'r'],
  [/^kimi-(k2-0711|k2-instruct$)/, 131_072, 16_384, ''],
  [/^kimi-/, 262_144, 32_768, ''],
  [/^moonshot-v1-(auto|128k)/, 131_072, 8_192, ''],
  [/^(zai-)?glm-?5[.-][2-9]/, 1_000_000, 65_536, 'r'],
  [/^(zai-)?glm-?\d(\.\d)?v/, 65_536, 16_384, 'ir'],
  [/^(zai-)?glm-?4[.-]5/, 131_072, 65_536, 'r'],
  [/^(zai-)?glm-?(4[.-][6-9]|5)/, 202_752, 65_536, 'r'],
  [/^(zai-)?glm-?4/, 131_072, 8_192, ''],
  [/^minimax-?m3/, 512_000, 65_536, 'ir'],
  [/^minimax-?m/, 196_608, 65_536, 'r'],
  [/^qwen-?3[.-]\d+(-(plus|max|flash))/, 1_000_000, 65_536, 'ir'],
  [/^qwen-?3[.-][5-9]/, 262_144, 32_768, 'ir'],
  [/^qwen-?3-vl/, 262_144, 32_768, 'i'],
  [/^qwen-?3-(coder|next|max)/, 262_144, 65_536, ''],
  [/^qwen-?3-.*(instruct)?-?2507/, 262_144, 32_768, ''],
  [/^qwen-?3-(0\.6b|1\.7b|4b)/, 32_768, 8_192, 'r'],
  [/^qwen-?3/, 131_072, 16_384, 'r'],
  [/^(qwen-)?qwq/, 131_072, 32_768, 'r'],
  [/^qwen-?2\.5-vl|^qwen-?vl|^qvq/, 131_072, 8_192, 'i'],
  [/^qwen-?2\.5-coder/, 131_072, 8_192, ''],
  [/^qwen-?(2\.5|2|turbo|plus|max)/, 131_072, 8_192, ''],
  [/^grok-4[.-]?(1-)?fast.*non-reasoning/, 2_000_000, 30_000, 'i'],
  [/^grok-4(-1|\.1)?-fast/, 2_000_000, 30_000, 'ir'],
  [/^grok-4[.-]20.*non-reasoning/, 1_000_000, 30_000, 'i'],
  [/^grok-4[.-]20/, 1_000_000, 30_000, 'ir'],
  [/^grok-4\.[5-9]|^grok-[5-9]/, 500_000, 65_536, 'ir', ['low', 'medium', 'high']],
  [/^grok-4\.3/, 1_000_000, 30_000, 'ir', ['low', 'medium', 'high']],
  [/^grok-4/, 256_000, 64_000, 'ir'],
  [/^grok-3-mini/, 131_072, 16_384, 'r', ['low', 'high']],
  [/^grok-code/, 256_000, 10_000, 'r'],
  [/^grok-2-vision/, 32_768, 8_192, 'i'],
  [/^grok-/, 131_072, 16_384, ''],
  [/^magistral/, 131_072, 32_768, 'r'],
  [/^pixtral/, 131_072, 8_192, 'i'],
  [/^codestral/, 262_144, 16_384, ''],
  [/^devstral/, 262_144, 32_768, ''],
  [/^mistral-(large|medium|small)/, 131_072, 16_384, 'i'],
  [/^ministral|^(open-)?mistral-nemo/, 131_072, 8_192, ''],
  [/^(open-)?(mistral|mixtral)/, 32_768, 4_096, ''],
  [/^(meta-)?llama-?4/, 1_048_576, 16_384, 'i'],
  [/^(meta-)?llama-?3[.-]2.*(11b|90b|vision)/, 131_072, 4_096, 'i'],
  [/^(meta-)?llama-?3[.-][123]/, 131_072, 8_192, ''],
  [/^(meta-)?llama-?3/, 8_192, 4_096, ''],
  [/^(meta-)?llama-?2/, 4_096, 2_048, 't'],
  [/^muse-/, 1_048_576, 65_536, 'ir'],
  [/^mimo-v2[.-]?(5|6|pro|omni)/, 1_048_576, 65_536, 'ir'],
  [/^mimo/, 262_144, 32_768, 'r'],
  [/^step-/, 262_144, 32_768, 'r'],
  [/^nova-(premier|2)/, 1_000_000, 10_000, 'i'],
  [/^nova-micro/, 128_000, 10_000, ''],
  [/^nova-/, 300_000, 10_000, 'i'],
  [/^command-(a|r7b)/, 262_144, 8_192, ''],
  [/^command-/, 131_072, 4_096, ''],
  [/nemotron/, 131_072, 16_384, ''],
  [/^granite-?[34]/, 131_072, 8_192, ''],
  [/^phi-?4/, 16_384, 4_096, ''],
  [/^sonar/, 127_072, 8_192, 't'],
];

/** What holds for models of further vendors by name, or null where the name is none of theirs. `name` is as `namesOf` gives it. */
export function otherFacts(name: string): ModelFacts | null {
  const row = FAMILIES.find(([names]) => names.test(name));
  if (row === undefined) return null;
  const [, contextWindow, maxOutputTokens, traits, efforts = []] = row;
  return {
    contextWindow,
    maxOutputTokens,
    tools: !traits.includes('t'),
    images: traits.includes('i') ? ANY_IMAGES : null,
    pdf: false,
    thinking: traits.includes('r') ? 'effort' : 'none',
    efforts,
    defaultEffort: null,
    midConversationSystem: false,
  };
}
