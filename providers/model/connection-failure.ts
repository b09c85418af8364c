import { isAppError, type AppError } from '../../core/errors.ts';
import { ProxyError } from '../network/proxy-tunnel.ts';
import { untrustedCertificate } from '../network/untrusted.ts';
import { toModelError } from './vendor-failure.ts';

/**
 * The `AppError` of a failure below HTTP (name not found, connection refused or reset, TLS, a body that broke off, text that is no
 * JSON), or undefined when the error is none of these and so is a defect of ours.
 */
export function connectionFailure(error: unknown, vendor: string): AppError | undefined {
  const chain = [...causes(error)];
  // What a request was to show could not be had: the SDKs take that for a failure of the connection.
  const own = chain.find(isAppError);
  if (own !== undefined) return own;
  const code = chain.map(codeOf).find((value) => value !== undefined);
  const network = code !== undefined || chain.some(isNetworkError);
  if (!network) return undefined;
  const text = chain.map(({ message }) => message).filter((message) => message !== '');
  // It names the proxy and says what can be done.
  const proxy = chain.find((one) => one instanceof ProxyError);
  const reason = proxy?.message ?? untrustedCertificate(code) ?? code ?? text.at(-1) ?? 'connection failed';
  return toModelError({ vendor, message: `the connection failed (${reason})`, cause: error });
}

function* causes(error: unknown): Generator<Error> {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    yield current;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
}

function codeOf(error: Error): string | undefined {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' &&
    /^(E[A-Z]|UND_ERR|CERT_|ERR_TLS|ERR_SSL|DEPTH_|SELF_|UNABLE_|Z_)/.test(code)
    ? code
    : undefined;
}

function isNetworkError(error: Error): boolean {
  return (
    (error instanceof TypeError && /^(terminated|fetch failed|network error)/.test(error.message)) ||
    // The SDKs parse each event's data, so text that is no JSON surfaces as this.
    (error instanceof SyntaxError && /JSON/.test(error.message)) ||
    /^API(Connection|ConnectionTimeout)Error$/.test(error.constructor.name)
  );
}
