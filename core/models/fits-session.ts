import type { ModelEntry } from './model-entry.ts';

/** What a model has to offer to take a session over from another. */
export interface SessionNeeds {
  tools: boolean;
  /** The session has a budget, which only a model with list prices can be held to. */
  prices: boolean;
}

export function fitsSession(entry: ModelEntry, needs: SessionNeeds): boolean {
  return (entry.tools || !needs.tools) && (entry.prices !== null || !needs.prices);
}
