import { isIP } from 'node:net';

import { addressSet, plainAddress } from './address-set.ts';

/** A host without brackets, and the port that is dialled. */
export interface Destination {
  host: string;
  port: number;
}

type Rule = (host: string) => boolean;

/** This machine and its own link, which no proxy can lead to: instance metadata of clouds lies there. */
const NEAR = addressSet(['127.0.0.0/8', '0.0.0.0/32', '::1/128', '::/128', '169.254.0.0/16', 'fe80::/10']);

/** Lower case, without brackets, zone and the dot at the end. */
function bare(host: string): string {
  const inner = host.startsWith('[') ? host.slice(1).replace(/\].*$/, '') : host;
  return inner.replace(/%.*$/, '').replace(/\.$/, '').toLowerCase();
}

/** Whether a host is this machine or on its own link. */
export function isNear(host: string): boolean {
  const name = bare(host);
  if (isIP(name) !== 0) return NEAR.has(name);
  return name === 'localhost' || name.endsWith('.localhost');
}

/** Splits `NO_PROXY`: by commas, spaces and semicolons, as its readers do. */
export function splitNoProxy(text: string): string[] {
  return text.split(/[\s,;|]+/).filter((entry) => entry !== '');
}

/**
 * Reads `NO_PROXY` as curl, Go and Python do where they agree, and the forms of the others besides:
 *
 * - `*`: every host;
 * - `corp.example`, `.corp.example`: the name and all below it; `*.corp.example`: all below it;
 * - `10.0.0.1`, `::1`, `[::1]`: one address; `10.0.0.0/8`, `fd00::/8`: those of a network; `10.*`: those that look so;
 * - `<local>`: names without a dot;
 * - each of them with `:port`: there only.
 *
 * Networks hold for addresses that are written as such; nothing is resolved. What fits no form fits no host.
 */
export function createNoProxy(entries: readonly string[]): (destination: Destination) => boolean {
  const rules = entries.flatMap(splitNoProxy).map((entry) => {
    const { name, port } = withoutPort(entry.replace(/^[a-z][a-z\d+.-]*:\/\//i, '').replace(/\/$/, ''));
    return { port, fits: ruleOf(name) };
  });
  return ({ host, port }) => {
    const name = bare(host);
    return rules.some((rule) => (rule.port === null || rule.port === port) && rule.fits(name));
  };
}

function withoutPort(entry: string): { name: string; port: number | null } {
  if (isIP(entry) === 6) return { name: entry, port: null };
  const [, name = entry, port] = /^(\[[^\]]*\](?:\/\d+)?|[^:]*):(\d{1,5})$/.exec(entry) ?? [];
  return { name, port: port === undefined ? null : Number(port) };
}

function ruleOf(entry: string): Rule {
  if (entry === '*') return () => true;
  if (entry.toLowerCase() === '<local>') return (host) => isIP(host) === 0 && !host.includes('.');
  const network = networkOf(entry);
  if (network !== null) return (host) => network.has(host);
  const name = bare(entry.replace(/^\*(?=\.)/, ''));
  if (entry.startsWith('*.')) return (host) => isIP(host) === 0 && host.endsWith(name);
  if (name.includes('*')) {
    const pattern = new RegExp(`^${name.split(/\*+/).map(escaped).join('.*')}$`);
    return (host) => pattern.test(host);
  }
  const parent = name.replace(/^\./, '');
  return (host) => parent !== '' && (host === parent || (isIP(host) === 0 && host.endsWith(`.${parent}`)));
}

const escaped = (text: string): string => text.replace(/[^a-z\d-]/gi, String.raw`\$&`);

function networkOf(entry: string): ReturnType<typeof addressSet> | null {
  const [, address = '', bits = ''] = /^\[?([^\]/]*)\]?(\/\d{1,3})?$/.exec(entry) ?? [];
  if (plainAddress(address) === undefined) return null;
  try {
    return addressSet([`${address}${bits}`]);
  } catch {
    return null;
  }
}
