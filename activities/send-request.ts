import { isAppError } from '../core/errors.ts';
import type { ModelResponse, ModelStreamPart } from '../providers/model/model-provider.ts';
import type { PreparedRequest } from './request/build-model-request.ts';

/** A part of a response that people may see while it comes. */
export type PreviewPart = Exclude<ModelStreamPart, { type: 'finish' | 'usage' }>;

/** Sends one request and gives its whole response. `onPart` sees the parts as they come. Fails as `ModelProvider.stream` does. */
export type SendRequest = (
  prepared: PreparedRequest,
  onPart: (part: PreviewPart) => void,
) => Promise<ModelResponse>;

/** The `error_code` of a request that does not fit into the model's context window. */
export const CONTEXT_EXCEEDED = 'context_window_exceeded';

/** The response; null when the vendor says that the request is too long. */
export async function unlessTooLong(answer: Promise<ModelResponse>): Promise<ModelResponse | null> {
  try {
    return await answer;
  } catch (error) {
    if (isAppError(error) && error.details?.['error_code'] === CONTEXT_EXCEEDED) return null;
    throw error;
  }
}
