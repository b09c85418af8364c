import { normalHost } from '../../network/policy.ts';

/** A host, as `normalHost` spells it, and a port. */
export interface Target {
  host: string;
  port: number;
}

/** `host:port`, or undefined for what names no place. */
export function parseAuthority(text: string, defaultPort?: number): Target | undefined {
  const parts = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text);
  const host = normalHost(parts?.[1] ?? '');
  const port = parts?.[2] === undefined ? defaultPort : Number(parts[2]);
  return host === undefined || port === undefined || !(port > 0 && port < 65_536)
    ? undefined
    : { host, port };
}

/** As a `Host` header has it: without the port that goes without saying. */
export function hostHeader({ host, port }: Target): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === 80 ? name : `${name}:${port}`;
}
