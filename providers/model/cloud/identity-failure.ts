import { AppError, isAppError } from '../../../core/errors.ts';
import { untrustedCertificate } from '../../network/untrusted.ts';

/** What could not be shown to a cloud, in words for whoever runs the service. */
export interface IdentityTrouble {
  /** Whoever was to be asked, for the message. */
  vendor: string;
  /** What can be done where there is nobody to ask as, or who it is was refused. */
  advice: string;
  /** Whether what hands out tokens was there before, or must be there, so that its silence will pass. */
  isKnownToBeThere: boolean;
}

/**
 * The `AppError` of an identity that could not be had: transient where whoever hands out tokens could not be reached, limits requests or is
 * out of order; else the credentials are at fault.
 */
export function identityFailure(error: unknown, trouble: IdentityTrouble): AppError {
  if (isAppError(error)) return error;
  const chain = [...causesOf(error)];
  const reason = reasonOf(chain);
  const refused = chain.some((one) => isRefusal(statusOf(one)));
  const passes = !refused && (trouble.isKnownToBeThere || chain.some(isTransient));
  return passes
    ? new AppError(
        'model_unreachable',
        `${trouble.vendor} could not be asked: no token could be had for it${reason}.`,
        { cause: error },
      )
    : new AppError(
        'model_credentials_refused',
        `${trouble.vendor} could not be asked: the service has no identity that is valid there${reason}. ${trouble.advice}`,
        { cause: error },
      );
}

function* causesOf(error: unknown, depth = 0): Generator<Error> {
  if (!(error instanceof Error) || depth > 6) return;
  yield error;
  // Chains of credentials collect what each of them said.
  const parts: unknown = 'errors' in error ? error.errors : undefined;
  if (Array.isArray(parts)) for (const part of parts) yield* causesOf(part, depth + 1);
  yield* causesOf(error.cause, depth + 1);
}

function statusOf(error: Error): number | undefined {
  for (const source of [
    error,
    ...['response', 'errorResponse', '$metadata'].map((name) => fieldOf(error, name)),
  ]) {
    for (const name of ['status', 'statusCode', 'httpStatusCode']) {
      const value = fieldOf(source, name);
      if (typeof value === 'number') return value;
    }
  }
  return undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}

const NETWORK =
  /^(E(CONN|TIMEDOUT|AI_AGAIN|NOTFOUND|PIPE|HOST|NET)|UND_ERR|CERT_|ERR_TLS|ERR_SSL|REQUEST_SEND_ERROR|TimeoutError$|network_error$|endpoints_resolution_error$)/;

function isTransient(error: Error): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || status === 408 || status === 429;
  const names = [fieldOf(error, 'code'), fieldOf(error, 'errorCode'), error.name];
  return (
    names.some((name) => typeof name === 'string' && NETWORK.test(name)) ||
    /fetch failed|network error|socket hang up|network timeout|request timed out/i.test(error.message)
  );
}

/** The innermost words say most; an error of several lists them all, which is too long for a message. */
function reasonOf(chain: readonly Error[]): string {
  const codes = chain.map((one) => fieldOf(one, 'code'));
  const untrusted = codes
    .map((code) => (typeof code === 'string' ? untrustedCertificate(code) : undefined))
    .find((words) => words !== undefined);
  if (untrusted !== undefined) return ` (${untrusted})`;
  const said = chain
    .map(({ message }) => message.split('\n')[0]?.trim() ?? '')
    .findLast((message) => message !== '');
  return said === undefined ? '' : ` (${said.replace(/\.$/, '').slice(0, 300).toWellFormed()})`;
}
