import type { SessionError } from '../core/journal/session-error.ts';
import type { ErrorCode } from '../core/errors.ts';
import { CONTEXT_EXCEEDED } from './send-request.ts';

/** How clients are told of a model's failure. `also` follows its message. */
export function toSessionError(
  error: { code: ErrorCode; message: string; details?: { [name: string]: unknown } | undefined },
  retry: 'retrying' | 'exhausted',
  also?: string,
): SessionError {
  const message = also === undefined ? error.message : `${error.message} ${also}`;
  const tooLong = error.details?.['error_code'] === CONTEXT_EXCEEDED;
  const type = tooLong
    ? 'compaction_limit_reached_error'
    : (SESSION_ERRORS[error.code] ?? 'model_request_failed_error');
  return { type, message, retry_status: { type: retry } };
}

/** What is not listed is a failed request. */
const SESSION_ERRORS: Partial<
  Record<ErrorCode, 'model_overloaded_error' | 'model_rate_limited_error' | 'billing_error'>
> = {
  model_overloaded: 'model_overloaded_error',
  model_rate_limited: 'model_rate_limited_error',
  model_billing: 'billing_error',
};
