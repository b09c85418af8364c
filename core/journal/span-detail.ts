import type { Json } from '../json.ts';
import type { AnswerCut } from '../session/answer-cut.ts';
import type { CallDigests } from './turn.ts';
import type { UsageTotals } from './view.ts';

/**
 * What the end of a model request adds to the running totals of its session, beside what clients see of it: with this the totals can be
 * told from the log alone.
 */
export interface SpanDetail {
  usage: UsageTotals;
  /** Whether the model has list prices, so that the cost in `usage` is one. */
  priced: boolean;
  /** Of the tool uses that the model asked for; null: none. */
  digests: CallDigests | null;
  /** How the answer fell short. */
  cut?: AnswerCut | null;
}

/** What model requests that gave no answer have used all the same. */
export interface LostUsage extends Omit<SpanDetail, 'digests' | 'cut'> {
  speed: 'standard' | 'fast';
}

/** As the journal keeps it, with the event that ends the span. */
export function spanDetail({ usage, priced, digests, cut }: SpanDetail): Json {
  return {
    usage: { ...usage },
    priced,
    digests: digests && { ...digests },
    ...(cut ? { cut: { ...cut } } : {}),
  };
}

/** Null for events of before it was kept. */
export function readSpanDetail(detail: Json | null): SpanDetail | null {
  if (detail === null || typeof detail !== 'object' || Array.isArray(detail)) return null;
  return 'usage' in detail && 'priced' in detail ? (detail as object as SpanDetail) : null;
}
