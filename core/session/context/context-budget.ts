/** How the part of a window that a request may fill is shared out: numbers between 0 and 1. */
export interface ContextShares {
  /** Above this share, old tool results are trimmed. */
  trimAbove: number;
  /** Down to this share. */
  trimTo: number;
  /** Above this share the conversation is compacted in any case. */
  compactAbove: number;
  /** What stays as it is of the newest part, when trimming and when compacting. */
  keepRecent: number;
}

export const DEFAULT_SHARES: ContextShares = {
  trimAbove: 0.7,
  trimTo: 0.3,
  compactAbove: 0.85,
  keepRecent: 0.2,
};

/** How a context window is shared out, in tokens. */
export interface ContextBudget {
  /** What a request may hold at most: the window without the answer. */
  request: number;
  trimAbove: number;
  trimTo: number;
  /** When trimming leaves more than this, it no longer pays: the conversation is compacted. */
  trimExhausted: number;
  compactAbove: number;
  keepRecent: number;
}

/**
 * The budget of a model. A quarter of the window is kept for the answer at most, since some models may answer with as much as their
 * whole window. The distance between the two trimming marks decides how rarely the cached prefix changes.
 */
export function contextBudget(
  model: { contextWindow: number; maxOutputTokens: number },
  shares: ContextShares = DEFAULT_SHARES,
): ContextBudget {
  const request = model.contextWindow - answerTokens(model);
  const of = (share: number): number => Math.floor(request * share);
  return {
    request,
    trimAbove: of(shares.trimAbove),
    trimTo: of(shares.trimTo),
    trimExhausted: of((shares.trimTo + shares.trimAbove) / 2),
    compactAbove: of(shares.compactAbove),
    keepRecent: of(shares.keepRecent),
  };
}

/** Tokens that an answer may have in this window: never so many that a full request and it exceed the window. */
export function answerTokens(model: { contextWindow: number; maxOutputTokens: number }): number {
  return Math.min(model.maxOutputTokens, Math.max(1, Math.floor(model.contextWindow / 4)));
}
