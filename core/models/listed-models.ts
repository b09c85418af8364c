import { CLAUDE_LIST } from './claude-models.ts';
import { GEMINI_LIST } from './gemini-models.ts';
import type { ModelFacts } from './known/model-facts.ts';
import type { ModelProviderKind } from './model-entry.ts';
import { OPENAI_LIST } from './openai-models.ts';

/** What our own list says of a model, and whose it is. */
export interface Listed {
  owner: ModelProviderKind;
  facts: ModelFacts;
}

const LISTS: readonly (readonly [ModelProviderKind, ReadonlyMap<string, ModelFacts>])[] = [
  ['anthropic', CLAUDE_LIST],
  ['openai', OPENAI_LIST],
  ['gemini', GEMINI_LIST],
];

/** The first of these names that our own list has, or null. */
export function listedFacts(names: readonly string[]): Listed | null {
  for (const name of names) {
    for (const [owner, list] of LISTS) {
      const facts = list.get(name);
      if (facts !== undefined) return { owner, facts };
    }
  }
  return null;
}

/** The ids that the catalogue lists, with whose they are. */
export function listedIds(): readonly (readonly [id: string, owner: ModelProviderKind])[] {
  return LISTS.flatMap(([owner, list]) => [...list.keys()].map((id) => [id, owner] as const));
}
