import type { SearchDomainRules, SearchResult } from './web-search.ts';

/** Whether a URL lies within `host/path`. */
export function isWithin(url: string, domain: string): boolean {
  const parsed = URL.parse(url);
  if (parsed === null) return false;
  const [host = '', ...rest] = domain.toLowerCase().split('/');
  const isHost = parsed.hostname === host || parsed.hostname.endsWith(`.${host}`);
  const path = rest.length === 0 ? '' : `/${rest.join('/')}`;
  return isHost && parsed.pathname.toLowerCase().startsWith(path);
}

/** The results that the rules leave. */
export function withinDomains(
  results: readonly SearchResult[],
  { allowed, blocked }: SearchDomainRules,
): SearchResult[] {
  return results.filter(
    ({ url }) =>
      (allowed === undefined || allowed.some((domain) => isWithin(url, domain))) &&
      blocked?.some((domain) => isWithin(url, domain)) !== true,
  );
}

/** The query with operators that most engines know, so that they look where results are wanted. */
export function queryWithDomains(query: string, { allowed, blocked }: SearchDomainRules): string {
  const only = allowed === undefined ? '' : ` (${allowed.map((domain) => `site:${domain}`).join(' OR ')})`;
  const never = (blocked ?? []).map((domain) => ` -site:${domain}`).join('');
  return `${query}${only}${never}`;
}
