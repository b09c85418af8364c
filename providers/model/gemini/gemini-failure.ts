import { ApiError } from '@google/genai';
import type { Json } from '../../../core/json.ts';
import { connectionFailure } from '../connection-failure.ts';
import { isJsonObject } from '../tool-input.ts';
import { toModelError } from '../vendor-failure.ts';

/** The port's error for one of the SDK's; defects of ours come back as they are. */
export function toGeminiFailure(error: unknown, vendor: string, headers: Headers | undefined): unknown {
  if (error instanceof ApiError) {
    const body = bodyIn(error.message);
    return toModelError({
      vendor,
      status: error.status,
      type: body.status,
      message: body.message,
      headers,
      ...(body.retryAfterMs === undefined ? {} : { retryAfterMs: body.retryAfterMs }),
      cause: error,
    });
  }
  // The SDK has no error of its own for a stream that is none.
  if (error instanceof Error && /^(Incomplete JSON|exception |Response body is empty)/.test(error.message))
    return toModelError({ vendor, message: 'the stream broke off or was no JSON', cause: error });
  return connectionFailure(error, vendor) ?? error;
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

/** Google names the delay in a detail of type RetryInfo, as in `"34.5s"`. */
function retryDelayIn(details: Json | undefined): number | undefined {
  for (const detail of Array.isArray(details) ? details : []) {
    const delay = isJsonObject(detail) ? detail['retryDelay'] : undefined;
    const seconds = typeof delay === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(delay)?.[1] : undefined;
    if (seconds !== undefined) return Number(seconds) * 1_000;
  }
  return undefined;
}
