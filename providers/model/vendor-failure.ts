import { AppError, isAppError, type ErrorCode } from '../../core/errors.ts';
import { answerInError, refusalCategory, type AnswerInError } from './answer-in-error.ts';
import { readSizeRefusal, type SizeRefusal } from './context-overflow.ts';
import { readHistoryRefusal, type HistoryRefusal } from './history/refused-history.ts';
import { retryAfterMs } from './retry-after.ts';

/** What a vendor said when it refused a request or broke off a stream. */
export interface VendorFailure {
  /** Its name, for the message. */
  vendor: string;
  /** HTTP status; undefined when the failure came inside the stream or there was no answer. */
  status?: number | undefined;
  /** Its own name for the failure (`rate_limit_error`, `insufficient_quota`, `RESOURCE_EXHAUSTED`). */
  type?: string | undefined;
  message?: string | undefined;
  headers?: Headers | undefined;
  /** Where the vendor names the delay in the body. */
  retryAfterMs?: number | undefined;
  /** What can be done where the server refuses an identity, which was shown in place of a key. */
  identityAdvice?: string | undefined;
  cause?: unknown;
}

/** What a refusal was about, beyond its code. */
export interface VendorRefusal {
  status: number | undefined;
  /** All that the vendor said. */
  message: string;
  /** What it found too large. */
  size: SizeRefusal | undefined;
  /** What of the conversation's history it does not take. */
  history: HistoryRefusal | undefined;
}

const refusals = new WeakMap<AppError, VendorRefusal>();
interface ToldAnswer {
  answer: AnswerInError;
  category: string | null;
  said: string;
}
const answers = new WeakMap<AppError, ToldAnswer>();

/** The answer of the model that a vendor reported as this error, with its words; undefined where the error is none. */
export function answerOf(error: unknown): ToldAnswer | undefined {
  return isAppError(error) ? answers.get(error) : undefined;
}

/** What the vendor said of a request that it refused, or undefined when the error is no refusal. */
export function refusalOf(error: unknown): VendorRefusal | undefined {
  if (!isAppError(error)) return undefined;
  const known = refusals.get(error);
  if (known !== undefined || error.code !== 'model_request_refused') return known;
  const size = error.details?.['error_code'] === TOO_LONG ? { of: 'prompt' as const } : undefined;
  return { status: undefined, message: error.message, size, history: undefined };
}

const TOO_LONG = 'context_window_exceeded';

/**
 * The one place where a vendor's failure becomes an `AppError`; the code decides whether the request is sent again. A prompt that is
 * too long carries the `error_code` `context_window_exceeded`; {@link refusalOf} tells more. What vendors say about credentials is left
 * out of the message, since it may quote parts of them.
 */
export function toModelError(failure: VendorFailure): AppError {
  const { message = '' } = failure;
  const answer = answerInError(failure);
  // What the model wrote may stand among the words.
  const size = answer === undefined ? readSizeRefusal(failure) : undefined;
  const history = answer === undefined && size === undefined ? readHistoryRefusal(failure) : undefined;
  const plain = codeOf(failure);
  const isKnown = answer !== undefined || size !== undefined || history !== undefined;
  // Any status may come with such words. A request that is larger than the account's rate stays what the vendor calls it.
  const code = isKnown && plain !== 'model_rate_limited' ? 'model_request_refused' : plain;
  const said = message.slice(0, 1_000).toWellFormed();
  const quiet = code === 'model_credentials_refused';
  const status = failure.status === undefined ? '' : ` (HTTP ${String(failure.status)})`;
  const delay = failure.retryAfterMs ?? retryAfterMs(failure.headers);
  const tooLong = code === 'model_request_refused' && size?.of === 'prompt';
  const error = new AppError(
    code,
    `${failure.vendor} ${verbOf(code, failure)}${status}${said && !quiet ? `: ${said}` : '.'}${hintOf(code, failure)}`,
    {
      ...(delay === undefined ? {} : { retryAfterMs: delay }),
      ...(tooLong ? { details: { error_code: TOO_LONG } } : {}),
      ...(failure.cause === undefined ? {} : { cause: failure.cause }),
    },
  );
  if (answer !== undefined) answers.set(error, { answer, category: refusalCategory(failure.type), said });
  if (code === 'model_request_refused' || isKnown)
    refusals.set(error, { status: failure.status, message, size, history });
  return error;
}

type ModelErrorCode = Extract<ErrorCode, `model_${string}`>;

const VERBS: Record<ModelErrorCode, string> = {
  model_overloaded: 'is overloaded',
  model_rate_limited: 'limits the rate of requests',
  model_unreachable: 'did not give a complete answer',
  model_request_refused: 'refused the request',
  model_credentials_refused: 'refused the configured API key',
  model_billing: 'refused the request for billing reasons',
};

function verbOf(code: ModelErrorCode, { identityAdvice }: VendorFailure): string {
  const isIdentity = code === 'model_credentials_refused' && identityAdvice !== undefined;
  return isIdentity ? 'refused the identity that the service has there' : VERBS[code];
}

function hintOf(code: ModelErrorCode, { identityAdvice }: VendorFailure): string {
  if (code !== 'model_credentials_refused') return '';
  return ` ${identityAdvice ?? 'Check the key of this provider or model.'}`;
}

const BY_TYPE: Readonly<Record<string, ModelErrorCode>> = {
  // Anthropic
  overloaded_error: 'model_overloaded',
  rate_limit_error: 'model_rate_limited',
  api_error: 'model_unreachable',
  timeout_error: 'model_unreachable',
  invalid_request_error: 'model_request_refused',
  not_found_error: 'model_request_refused',
  request_too_large: 'model_request_refused',
  authentication_error: 'model_credentials_refused',
  permission_error: 'model_credentials_refused',
  billing_error: 'model_billing',
  // OpenAI
  insufficient_quota: 'model_billing',
  billing_hard_limit_reached: 'model_billing',
  rate_limit_exceeded: 'model_rate_limited',
  server_error: 'model_unreachable',
  invalid_api_key: 'model_credentials_refused',
  context_length_exceeded: 'model_request_refused',
  invalid_prompt: 'model_request_refused',
  // Gemini
  RESOURCE_EXHAUSTED: 'model_rate_limited',
  UNAVAILABLE: 'model_overloaded',
  INTERNAL: 'model_unreachable',
  DEADLINE_EXCEEDED: 'model_unreachable',
  INVALID_ARGUMENT: 'model_request_refused',
  FAILED_PRECONDITION: 'model_request_refused',
  NOT_FOUND: 'model_request_refused',
  UNAUTHENTICATED: 'model_credentials_refused',
  PERMISSION_DENIED: 'model_credentials_refused',
};

/** Types that say more than the status they come with. */
const STRONGER_THAN_STATUS = new Set<ModelErrorCode>(['model_billing', 'model_overloaded']);

function codeOf({ status, type, message }: VendorFailure): ModelErrorCode {
  const byType = type === undefined ? undefined : BY_TYPE[type];
  if (byType !== undefined && (status === undefined || STRONGER_THAN_STATUS.has(byType))) return byType;
  if (status === undefined) return 'model_unreachable';
  // Groq answers 413 to what is above the account's rate.
  if (status === 413 && byType === 'model_rate_limited') return byType;
  // Gemini answers 400 to a wrong key.
  if (status === 400 && /api key not valid|api_key_invalid/i.test(message ?? ''))
    return 'model_credentials_refused';
  // llama.cpp answers 500 to what the model cannot take.
  if (status === 500 && /input is not supported/i.test(message ?? '')) return 'model_request_refused';
  if (status === 401 || status === 403) return 'model_credentials_refused';
  if (status === 402) return 'model_billing';
  if (status === 408 || status === 409 || status === 425 || status === 499) return 'model_unreachable';
  if (status === 429) return 'model_rate_limited';
  if (status === 503 || status === 529) return 'model_overloaded';
  if (status >= 400 && status < 500) return 'model_request_refused';
  return 'model_unreachable';
}
