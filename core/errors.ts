import type { JsonObject } from './json.ts';

/**
 * Every error the service can raise, in one table. `http` and `type` are what API clients see (the API's own status and
 * `error.type`); `retry` says whether the same call may succeed later: `never` fails an activity for good and tells HTTP clients
 * `x-should-retry: false` where their SDK would otherwise retry. The table is translated in two places only:
 * `api/middleware/errors.ts` and `activities/failures.ts`.
 */
const TABLE = {
  invalid_request: { http: 400, type: 'invalid_request_error', retry: 'never' },
  unauthenticated: { http: 401, type: 'authentication_error', retry: 'never' },
  forbidden: { http: 403, type: 'permission_error', retry: 'never' },
  not_found: { http: 404, type: 'not_found_error', retry: 'never' },
  method_not_allowed: { http: 405, type: 'invalid_request_error', retry: 'never' },
  conflict: { http: 409, type: 'conflict_error', retry: 'never' },
  precondition_failed: { http: 412, type: 'invalid_request_error', retry: 'never' },
  too_large: { http: 413, type: 'request_too_large', retry: 'never' },
  rate_limited: { http: 429, type: 'rate_limit_error', retry: 'later' },
  internal: { http: 500, type: 'api_error', retry: 'later' },
  not_implemented: { http: 501, type: 'api_error', retry: 'never' },
  unavailable: { http: 503, type: 'api_error', retry: 'later' },
  /** The disk is kept for the database; there may be room later, when somebody made it. */
  disk_full: { http: 507, type: 'api_error', retry: 'later' },
  /** The disk of the database has no room, so that it takes no writes until somebody made some. */
  database_full: { http: 507, type: 'api_error', retry: 'later' },
  /** The connection to the database broke while it committed: nobody knows whether it did. */
  commit_unknown: { http: 503, type: 'api_error', retry: 'later' },

  /** The session was archived or deleted; the workflow that hears it ends. */
  session_gone: { http: 404, type: 'not_found_error', retry: 'never' },
  /** A newer epoch of the session runs elsewhere; the run that hears it completes. */
  session_superseded: { http: 409, type: 'conflict_error', retry: 'never' },
  /** The database refused a value (class 22); the same write can never succeed. */
  unstorable: { http: 400, type: 'invalid_request_error', retry: 'never' },

  /** Provider failures. Retried by the activity with the provider's own delay until the step's retry budget is gone. */
  model_overloaded: { http: 529, type: 'overloaded_error', retry: 'later' },
  model_rate_limited: { http: 429, type: 'rate_limit_error', retry: 'later' },
  /** 5xx, refused or broken connection, time-out, a stream that ended before its end. */
  model_unreachable: { http: 502, type: 'api_error', retry: 'later' },
  /** 400, 404, 413: the request itself is refused. */
  model_request_refused: { http: 400, type: 'invalid_request_error', retry: 'never' },
  /** 401, 403: the service's own credentials are refused. */
  model_credentials_refused: { http: 502, type: 'api_error', retry: 'never' },
  /** 402, or quota used up for good. */
  model_billing: { http: 402, type: 'billing_error', retry: 'never' },

  /** The session's sandbox is on another host; the workflow asks where, and sends the call there. */
  wrong_host: { http: 409, type: 'conflict_error', retry: 'never' },
  /** The sandbox cannot be started or reached. */
  sandbox_unavailable: { http: 503, type: 'api_error', retry: 'later' },
  /** Stored data needs an encryption key that is not in the ring; it can be read once the key is put back. */
  key_missing: { http: 500, type: 'api_error', retry: 'later' },
  /** Encrypted data was changed, or lies where it was not stored. */
  undecryptable: { http: 500, type: 'api_error', retry: 'never' },
  /** A setting is wrong; the service refuses to start. */
  bad_config: { http: 500, type: 'api_error', retry: 'never' },
} as const satisfies Record<string, { http: number; type: string; retry: 'never' | 'later' }>;

export type ErrorCode = keyof typeof TABLE;

/** The codes of what goes wrong with models. */
export const MODEL_ERROR_CODES = (Object.keys(TABLE) as ErrorCode[]).filter((code) =>
  code.startsWith('model_'),
);

export interface ErrorRow {
  http: number;
  type: string;
  retry: 'never' | 'later';
}

/** What a code means. */
export function errorRow(code: ErrorCode): ErrorRow {
  return TABLE[code];
}

const MARK = Symbol.for('managed-agent.AppError');

/** The one error class. `message` is safe to show to clients: it says what was wrong, where, and what to do. */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** Goes out as `error.details`; `error_code` in it is the API's machine-readable reason. */
  readonly details: JsonObject | undefined;
  /** When to try again, milliseconds, where somebody said so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: JsonObject; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** Recognises an {@link AppError} by its mark, since `instanceof` fails across the workflow sandbox's realm. */
export function isAppError(value: unknown): value is AppError {
  return typeof value === 'object' && value !== null && MARK in value;
}

/** Whether an error says that the database, or another place where things are stored, cannot be had now: what is waiting for it goes on later. */
export function isStoreAway(error: unknown): boolean {
  return (
    isAppError(error) &&
    (error.code === 'unavailable' || error.code === 'commit_unknown' || error.code === 'database_full')
  );
}
