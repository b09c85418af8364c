import type { AppError } from '../core/errors.ts';
import type { ModelResponse, ModelStreamPart } from '../providers/model/model-provider.ts';
import { refusalOf } from '../providers/model/vendor-failure.ts';
import { answerTokens } from '../core/session/context/context-budget.ts';
import type { PreparedRequest } from './request/build-model-request.ts';
import { learnLimit, servedLimits } from './request/served-limits.ts';

/** A part of a response that people may see while it comes. */
export type PreviewPart = Exclude<ModelStreamPart, { type: 'finish' | 'usage' }>;

/** Sends one request and gives its whole response. `onPart` sees the parts as they come. Fails as `ModelProvider.stream` does. */
export type SendRequest = (
  prepared: PreparedRequest,
  onPart: (part: PreviewPart) => void,
) => Promise<ModelResponse>;

/** The `error_code` of a request that does not fit into the model's context window. */
export const CONTEXT_EXCEEDED = 'context_window_exceeded';

/** What became of a request that may have been too long. */
export type Fitted =
  | { kind: 'response'; response: ModelResponse }
  /** Too long; `learned`: the vendor named a smaller window than was known, which counts from now on. */
  | { kind: 'too-long'; learned: boolean }
  /** Refused in words that nobody knows: it may be too long. */
  | { kind: 'refused'; error: AppError };

/**
 * Sends a request, and again where the vendor only finds the answer's limit too high: with the one that it names, or half as much.
 * What is no refusal of the request is thrown.
 */
export async function sendFitting(
  send: SendRequest,
  given: PreparedRequest,
  onPart: (part: PreviewPart) => void,
): Promise<Fitted> {
  let prepared = given;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return { kind: 'response', response: await send(prepared, onPart) };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      const { size, status } = refusal;
      if (size?.of === 'prompt') return { kind: 'too-long', learned: learnLimit(prepared.entry, size) };
      if (size === undefined) {
        if (status !== undefined && !LENGTH_STATUSES.has(status)) throw error;
        return { kind: 'refused', error: error as AppError };
      }
      const smaller = withSmallerAnswer(prepared, size.limit);
      if (smaller === null || attempt === MAXIMUM_CORRECTIONS) throw error;
      prepared = smaller;
    }
  }
}

/** How often an answer's limit is lowered: where the vendor names none, from 128,000 tokens to 4,000. */
const MAXIMUM_CORRECTIONS = 5;

/** With which status servers refuse what is too long, where they have no words for it. */
const LENGTH_STATUSES = new Set([400, 413, 422]);

/** The request with the answer's limit that the vendor named; null where it is no less than before. */
function withSmallerAnswer(prepared: PreparedRequest, named: number | undefined): PreparedRequest | null {
  const { entry, request } = prepared;
  learnLimit(entry, { of: 'answer', limit: named ?? Math.floor(request.maxOutputTokens / 2) });
  const maxOutputTokens = answerTokens(servedLimits(entry));
  return maxOutputTokens < request.maxOutputTokens
    ? { ...prepared, request: { ...request, maxOutputTokens } }
    : null;
}
