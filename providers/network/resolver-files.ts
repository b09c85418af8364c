import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

/** A file that is read again when it changed; an empty one where there is none. */
export function watchedFile<Parsed>(path: string, parse: (text: string) => Parsed): () => Parsed {
  let read: { stamp: string; parsed: Parsed } | undefined;
  return () => {
    const stats = statSync(path, { throwIfNoEntry: false });
    const stamp = stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    if (read?.stamp !== stamp)
      read = { stamp, parsed: parse(stats === undefined ? '' : readFileSync(path, 'utf8')) };
    return read.parsed;
  };
}

/** The fields of each line, without comments. */
const fieldsOf = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => (line.split(/[#;]/)[0] ?? '').trim())
    .flatMap((line) => (line === '' ? [] : [line.split(/\s+/)]));

/** hosts(5): the addresses of each name. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const addresses = new Map<string, string[]>();
  for (const [address = '', ...names] of fieldsOf(text)) {
    if (isIP(address) === 0) continue;
    for (const written of names) {
      const name = written.toLowerCase().replace(/\.$/, '');
      addresses.set(name, [...(addresses.get(name) ?? []), address]);
    }
  }
  return addresses;
}

export interface SearchList {
  domains: readonly string[];
  /** A name with so many dots is asked for as it is before the domains are tried. */
  dots: number;
}

/** resolv.conf(5): what is appended to short names. The servers in it are read by the resolver itself. */
export function parseSearchList(text: string): SearchList {
  let domains: string[] = [];
  let dots = 1;
  for (const [key, ...values] of fieldsOf(text)) {
    if (key === 'search') domains = values;
    else if (key === 'domain') domains = values.slice(0, 1);
    else if (key === 'options') {
      const given = values.map((value) => /^ndots:(\d{1,2})$/.exec(value)?.[1]).find((n) => n !== undefined);
      if (given !== undefined) dots = Number(given);
    }
  }
  return {
    domains: domains.map((domain) => domain.replace(/^\.|\.$/g, '')).filter((domain) => domain !== ''),
    dots,
  };
}

/** The names that a short name may stand for, in the order of the system's own resolver. */
export function candidates(host: string, { domains, dots }: SearchList): string[] {
  const longer = domains.map((domain) => `${host}.${domain}`);
  return host.split('.').length - 1 >= dots ? [host, ...longer] : [...longer, host];
}
