import type { ModelProviderKind } from '../model-entry.ts';

/** Whose an id is by its form alone, where it is the id of a model that converses; null: nobody's. Ids are in lower case at all vendors. */
export function vendorOf(id: string): ModelProviderKind | null {
  if (OTHER_KINDS.test(id)) return null;
  return VENDORS.find(([form]) => form.test(id))?.[1] ?? null;
}

const VENDORS: readonly (readonly [RegExp, ModelProviderKind])[] = [
  [/^claude-/, 'anthropic'],
  [/^(ft:)?(gpt-[3-9]|gpt-[1-9]\d|chatgpt-|o[1-9](-|$)|codex-mini)/, 'openai'],
  [/^(models\/|tunedModels\/)?(gemini|gemma|learnlm)-/, 'gemini'],
];

/** Models that draw, listen, speak, or turn text into numbers. */
const OTHER_KINDS =
  /embed|rerank|whisper|dall-e|transcri|moderation|[-.](tts|realtime|audio|native-audio|live)(-|$)|gpt-(image|audio|realtime|live)|-turbo-instruct|deep-research/i;

/** Whether a name is that of a model which does not converse, so that no agent can run on it. */
export function isOtherKind(name: string): boolean {
  return OTHER_KINDS.test(name);
}
