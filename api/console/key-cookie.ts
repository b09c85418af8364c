import type { IncomingHttpHeaders } from 'node:http';

/** Cookies do not know ports, so the name holds the port: services side by side on one machine keep theirs apart. */
const NAME = /^managed_agent_key_\d{1,5}$/;

/**
 * The cookie in which a browser keeps the API key that its user signed in with. Scripts cannot read it, other sites cannot make the
 * browser send it, and it goes when the browser is closed.
 *
 * @param key - empty: the cookie is removed.
 */
export function keyCookie(key: string, headers: IncomingHttpHeaders, isSecure: boolean): string {
  const parts = [`${nameFor(headers)}=${encodeURIComponent(key)}`, 'Path=/', 'HttpOnly', 'SameSite=Strict'];
  if (isSecure) parts.push('Secure');
  if (key === '') parts.push('Max-Age=0');
  return parts.join('; ');
}

/** The API key in a request's cookie; empty when there is none. */
export function keyInCookie(headers: IncomingHttpHeaders): string {
  const wanted = nameFor(headers);
  for (const [name, value] of pairs(headers.cookie ?? '')) {
    if (name !== wanted) continue;
    try {
      return decodeURIComponent(value);
    } catch {
      return '';
    }
  }
  return '';
}

/** A `Cookie` header for somebody who must not learn the key. */
export function withoutKeyCookie(cookies: string): string {
  return pairs(cookies)
    .filter(([name]) => !NAME.test(name))
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

function nameFor({ host = '' }: IncomingHttpHeaders): string {
  return `managed_agent_key_${/:(\d{1,5})$/.exec(host)?.[1] ?? '443'}`;
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
