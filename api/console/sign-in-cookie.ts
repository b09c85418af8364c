import type { IncomingHttpHeaders } from 'node:http';

/** Cookies do not know ports, so the name holds the port: services side by side on one machine keep theirs apart. */
const NAME = /^(?:__Host-)?managed_agent_(?:sign_in|key)_\d{1,5}$/;

/**
 * The cookie in which a browser keeps the token of its sign-in. Scripts cannot read it, other sites cannot make the browser send it, and
 * it goes when the browser is closed.
 *
 * @param token - empty: the cookie is removed.
 * @param isSecure - the browser uses TLS. Then no other host and nothing without TLS can put another cookie in its place.
 */
export function signInCookie(token: string, headers: IncomingHttpHeaders, isSecure: boolean): string {
  return cookie(nameFor(headers, isSecure), token, isSecure);
}

/**
 * Removes the cookie in which the service once kept the API key itself, and which counts for nothing; null: the browser sends none.
 */
export function withoutOldCookie(headers: IncomingHttpHeaders, isSecure: boolean): string | null {
  const old = `managed_agent_key_${portOf(headers)}`;
  return pairs(headers.cookie ?? '').some(([name]) => name === old) ? cookie(old, '', isSecure) : null;
}

/** The token in a request's cookie; empty when there is none. */
export function tokenInCookie(headers: IncomingHttpHeaders, isSecure: boolean): string {
  const wanted = nameFor(headers, isSecure);
  return pairs(headers.cookie ?? '').find(([name]) => name === wanted)?.[1] ?? '';
}

/** A `Cookie` header for somebody who must not learn the token. */
export function withoutSignInCookie(cookies: string): string {
  return pairs(cookies)
    .filter(([name]) => !NAME.test(name))
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

function cookie(name: string, value: string, isSecure: boolean): string {
  const parts = [`${name}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Strict'];
  if (isSecure) parts.push('Secure');
  if (value === '') parts.push('Max-Age=0');
  return parts.join('; ');
}

function nameFor(headers: IncomingHttpHeaders, isSecure: boolean): string {
  return `${isSecure ? '__Host-' : ''}managed_agent_sign_in_${portOf(headers)}`;
}

function portOf({ host = '' }: IncomingHttpHeaders): string {
  return /:(\d{1,5})$/.exec(host)?.[1] ?? '443';
}

function pairs(cookies: string): [name: string, value: string][] {
  return cookies
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    });
}
