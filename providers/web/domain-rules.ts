import { normalHost } from '../network/policy.ts';
import type { DomainRules } from './web-fetcher.ts';

/** Whether a normal host is a domain or below it. */
function isWithin(host: string, domain: string): boolean {
  const normal = normalHost(domain);
  return normal !== undefined && (host === normal || host.endsWith(`.${normal}`));
}

/** Why a domain rule keeps a host out, or undefined. */
export function domainRefusal(rules: DomainRules, host: string): string | undefined {
  if (rules.allowed !== undefined && !rules.allowed.some((domain) => isWithin(host, domain))) {
    return `${host} is not in allowed_domains`;
  }
  if (rules.blocked?.some((domain) => isWithin(host, domain)) === true)
    return `${host} is in blocked_domains`;
  return undefined;
}
