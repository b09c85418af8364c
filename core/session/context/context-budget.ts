/** How a context window is shared out, in tokens. */
export interface ContextBudget {
  /** What a request may hold at most: the window without the answer. */
  request: number;
  /** Above this, old tool results are trimmed. */
  trimAbove: number;
  /** Down to this. */
  trimTo: number;
  /** When trimming leaves more than this, it no longer pays: the conversation is compacted. */
  trimExhausted: number;
  /** Above this the conversation is compacted in any case. */
  compactAbove: number;
  /** What stays as it is of the newest part, when trimming and when compacting. */
  keepRecent: number;
}

/**
 * The budget of a model. A quarter of the window is kept for the answer at most, since some models may answer with as much as their
 * whole window. The distance between the two trimming marks decides how rarely the cached prefix changes.
 */
export function contextBudget(model: { contextWindow: number; maxOutputTokens: number }): ContextBudget {
  const answer = Math.min(model.maxOutputTokens, Math.floor(model.contextWindow / 4));
  const request = model.contextWindow - answer;
  return {
    request,
    trimAbove: Math.floor(request * 0.7),
    trimTo: Math.floor(request * 0.3),
    trimExhausted: Math.floor(request * 0.5),
    compactAbove: Math.floor(request * 0.85),
    keepRecent: Math.floor(request * 0.2),
  };
}

/** Tokens that an answer may have in this window: never so many that a full request and it exceed the window. */
export function answerTokens(model: { contextWindow: number; maxOutputTokens: number }): number {
  return Math.min(model.maxOutputTokens, Math.max(1, Math.floor(model.contextWindow / 4)));
}
