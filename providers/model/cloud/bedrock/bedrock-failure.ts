import { connectionFailure } from '../../connection-failure.ts';
import { toModelError } from '../../vendor-failure.ts';

/**
 * The port's error for one of AWS's client, which has the same classes for a refusal and for what comes inside a stream; defects of ours
 * come back as they are.
 *
 * @param advice - what can be done where the identity is refused; absent where a key is shown.
 */
export function toBedrockFailure(error: unknown, vendor: string, advice: string | undefined): unknown {
  if (!(error instanceof Error) || error.name === 'AbortError') return error;
  // The client counts its attempts on failures of the connection as well.
  const isConnection = !('$fault' in error) && statusOf(error) === undefined;
  const lost = isConnection ? connectionFailure(error, vendor) : undefined;
  if (lost !== undefined) return lost;
  if (!('$metadata' in error) && !('$fault' in error)) return error;
  // A failure inside a stream has the stream's status or none, and 424 is that of any model that failed.
  const told = statusOf(error);
  const status = told === undefined || told < 400 || told === 424 ? STATUSES[error.name] : told;
  const isLate = CLOCK.test(`${error.name} ${error.message}`);
  return toModelError({
    vendor,
    status: isLate ? undefined : status,
    ...(isLate ? {} : { type: error.name }),
    message: isLate ? `it found the clock of this machine wrong: ${error.message}` : error.message,
    headers: headersOf(error),
    identityAdvice: advice,
    cause: error,
  });
}

/** AWS's client sets its clock by the answer, so that the next request is signed in time. */
const CLOCK = /RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|Signature (expired|not yet current)/i;

const STATUSES: Readonly<Record<string, number>> = {
  ThrottlingException: 429,
  ServiceQuotaExceededException: 429,
  ModelNotReadyException: 503,
  ServiceUnavailableException: 503,
  InternalServerException: 500,
  ModelErrorException: 500,
  ModelStreamErrorException: 500,
  ModelTimeoutException: 504,
  ValidationException: 400,
  ResourceNotFoundException: 404,
  AccessDeniedException: 403,
};

function statusOf(error: Error): number | undefined {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

/** Those of a refusal: how long to wait stands there. */
function headersOf(error: Error): Headers | undefined {
  const response: unknown = '$response' in error ? error.$response : undefined;
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  return new Headers(response.headers as Record<string, string>);
}
