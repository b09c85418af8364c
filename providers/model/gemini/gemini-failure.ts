import { ApiError } from '@google/genai';
import type { Json } from '../../../core/json.ts';
import { connectionFailure } from '../connection-failure.ts';
import { retryDelayIn } from '../retry-after.ts';
import { isJsonObject } from '../tool-input.ts';
import { toModelError } from '../vendor-failure.ts';

/** The port's error for one of the SDK's; defects of ours come back as they are. */
export function toGeminiFailure(
  error: unknown,
  vendor: string,
  headers: Headers | undefined,
  identityAdvice?: string,
): unknown {
  if (error instanceof ApiError) {
    const body = bodyIn(error.message);
    return toModelError({
      vendor,
      status: error.status,
      type: body.status,
      message: body.message,
      headers,
      identityAdvice,
      ...(body.retryAfterMs === undefined ? {} : { retryAfterMs: body.retryAfterMs }),
      cause: error,
    });
  }
  const connection = connectionFailure(error, vendor);
  if (connection !== undefined) return connection;
  // The SDK has no error of its own for a stream that is none.
  if (error instanceof Error && /^(Incomplete JSON|exception |Response body is empty)/.test(error.message))
    return toModelError({ vendor, message: 'the stream broke off or was no JSON', cause: error });
  return error;
}

/** The SDK's message holds the answer's body, in a stream with words before it. */
function bodyIn(message: string): { message: string; status?: string; retryAfterMs?: number } {
  let body: Json;
  try {
    body = JSON.parse(message.slice(message.indexOf('{'))) as Json;
  } catch {
    return { message };
  }
  const error = isJsonObject(body) ? body['error'] : undefined;
  if (error === undefined || !isJsonObject(error)) return { message };
  const { message: said, status, details } = error;
  const delay = retryDelayIn(details);
  return {
    message: typeof said === 'string' ? said : message,
    ...(typeof status === 'string' ? { status } : {}),
    ...(delay === undefined ? {} : { retryAfterMs: delay }),
  };
}
