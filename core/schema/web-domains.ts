import { z } from 'zod';

const MAX_DOMAINS = 64;

const RESERVED = /(^|\.)(localhost|local|internal)$/i;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** A list of domains for web_fetch: plain hostnames. */
export const HostDomains = domainList((entry) => hostFault(entry));

/** A list of domains for web_search: hostnames that may carry a path. */
export const SearchDomains = domainList((entry) => {
  const slash = entry.indexOf('/');
  if (slash === -1) return hostFault(entry);
  if (/[\s?#\\]/.test(entry.slice(slash))) return 'has a path with characters that a path cannot hold';
  return hostFault(entry.slice(0, slash));
});

function domainList(faultOf: (entry: string) => string | null) {
  const entry = z
    .string()
    .max(255)
    .superRefine((value, context) => {
      const fault = faultOf(value);
      if (fault !== null) context.addIssue(`${JSON.stringify(value)} ${fault}`);
    });
  return z
    .array(entry)
    .min(1, 'must name at least one domain; leave the field out for no restriction')
    .max(MAX_DOMAINS)
    .superRefine((entries, context) => {
      const seen = new Set<string>();
      for (const [index, value] of entries.entries()) {
        if (seen.has(value.toLowerCase())) {
          context.addIssue({
            code: 'custom',
            path: [index],
            message: `${JSON.stringify(value)} is there twice`,
          });
        }
        seen.add(value.toLowerCase());
      }
    });
}

function hostFault(host: string): string | null {
  if (host.includes('://')) return 'must not have a scheme';
  if (host.includes('*')) return 'must not have a wildcard; subdomains are included';
  if (host.includes('/')) return 'must not have a path';
  if (host.startsWith('[') || host.split(':').length > 2) return 'must be a name, not an address';
  if (host.includes(':')) return 'must not have a port';
  const labels = host.split('.');
  if (!labels.every((label) => LABEL.test(label))) return 'is not a hostname in ASCII or punycode';
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '')) return 'must be a name, not an address';
  if (RESERVED.test(host)) return 'is a local name';
  if (labels.length < 2) return 'must have at least two labels';
  return null;
}
