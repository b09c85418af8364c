/** What a vendor counted: the request that ended before message `upTo`, with its answer, had so many tokens. */
export interface TokenCount {
  upTo: number;
  tokens: number;
}

/**
 * A count this far below the estimate is a server that does not count: some report 0, some only what they did not cache. Images alone may
 * cost a sixth of what is estimated for them.
 */
const BELIEVABLE = 0.15;

/**
 * Whether a vendor's count of messages may be true, by our estimate of them. It may be any number above the estimate, since documents
 * hold more than their names say.
 */
export function isBelievable(counted: number, estimated: number): boolean {
  return counted >= estimated * BELIEVABLE;
}
