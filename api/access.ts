import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from 'express';
import { AppError } from '../core/errors.ts';
import { tokenInCookie } from './console/sign-in-cookie.ts';
import type { SignIns } from './console/sign-ins.ts';
import type { AddressLimiter, AddressLimits } from './door/address-limiter.ts';
import type { ConnectionLimiter } from './door/connection-limiter.ts';
import { addressBlock, clientAddress } from './door/client-address.ts';

/** Who sends a request. `keyId` null: nobody had to show a key. */
export interface Caller {
  workspaceId: string;
  keyId: string | null;
  /** The console's sign-in that stood for the key, where one did. */
  signInId?: string;
}

/** Who may call, and from where. */
export interface Access {
  /** Whether callers must show a key. */
  needsKey: boolean;
  /** Throws `forbidden` for a request that a foreign web page sends. Asked for every request, before anything else. */
  checkOrigin(headers: IncomingHttpHeaders): void;
  /**
   * Who sends a request. Throws `unauthenticated`, always with the same words, `rate_limited` in its place when too many such requests
   * came from that address, or `forbidden` for another workspace than the key's. A valid key is never refused for what others at its
   * address do.
   */
  authenticate(request: Asking): Promise<Caller>;
  /** Whose a key is that somebody signs in with; the errors are those of `authenticate`. */
  callerWith(key: string, request: Asking): Caller;
  /**
   * Calls `ended` when what a request came with ends: its sign-in, within 5 s, or its key. The returned function stops that.
   */
  watch(caller: Caller, ended: () => void): () => void;
  /** The keys were replaced: ends what came with one that is not there any more, or opens something else now. */
  keysChanged(): void;
  /** Whether the browser that sends a request reaches the service over TLS. */
  isSecure(request: Asking): boolean;
  /** The token of a sign-in that a request of the console's own pages brings; empty when there is none. */
  tokenIn(request: Asking): string;
  /** Counts a request that is answered to anybody, once. Throws `rate_limited` when too many came from that address. */
  admitAnybody(request: Asking, what: keyof AddressLimits): void;
}

/** What is looked at of a request, before anything of its body is. */
export type Asking = Pick<Request, 'headers' | 'ip' | 'socket' | 'secure'>;

export interface AccessOptions {
  /** None: whoever reaches the loopback interface may call, as workspace `default`. Read for each request; another list replaces it. */
  keys: readonly { id: string; workspace: string; sha256: string }[];
  /** URL under which clients reach the API, where it differs from what it listens on. */
  publicUrl: string | null;
  /** Bounds what may be asked for without a key, where there are keys. Left out: nothing does. */
  addresses?: AddressLimiter;
  /** Told over which connections valid keys come. */
  connections?: Pick<ConnectionLimiter, 'known'>;
  /** Who is signed in to the console. Left out: nobody can be. */
  signIns?: SignIns;
}

const DEFAULT_WORKSPACE = 'default';

interface KnownKey {
  caller: Caller;
  sha256: string;
  hash: Buffer;
}

function knownOf(keys: AccessOptions['keys']): KnownKey[] {
  return keys.map(({ id, workspace, sha256 }) => ({
    caller: { workspaceId: workspace, keyId: id },
    sha256,
    hash: Buffer.from(sha256, 'hex'),
  }));
}

export function createAccess(options: AccessOptions): Access {
  const { publicUrl, addresses, connections, signIns } = options;
  let { keys } = options;
  let known = knownOf(keys);
  /** The keys of now, ready to be compared with. */
  function current(): readonly KnownKey[] {
    if (options.keys === keys) return known;
    keys = options.keys;
    known = knownOf(keys);
    return known;
  }
  const publicOrigin = publicUrl === null ? null : new URL(publicUrl);
  /** By caller: the key that was shown, or that the sign-in stands for. */
  const shown = new WeakMap<Caller, KnownKey>();
  const watched = new Map<() => void, Caller>();

  function withKey(entry: KnownKey, more: Partial<Caller> = {}): Caller {
    const caller = { ...entry.caller, ...more };
    shown.set(caller, entry);
    return caller;
  }

  function isStanding(caller: Caller): boolean {
    const key = shown.get(caller);
    if (key === undefined) return true;
    return current().some(
      ({ sha256, caller: { keyId, workspaceId } }) =>
        sha256 === key.sha256 && keyId === key.caller.keyId && workspaceId === key.caller.workspaceId,
    );
  }

  function callerOf(key: string): Caller | null {
    if (key === '') return null;
    const hash = createHash('sha256').update(key).digest();
    let found: KnownKey | null = null;
    // All are compared, so that the time says nothing about which.
    for (const entry of current()) if (timingSafeEqual(entry.hash, hash)) found = entry;
    return found && withKey(found);
  }

  function isSecure({ secure }: Asking): boolean {
    return publicOrigin?.protocol === 'https:' || secure;
  }

  function tokenIn(request: Asking): string {
    return sentByOwnPage(request.headers, publicOrigin)
      ? tokenInCookie(request.headers, isSecure(request))
      : '';
  }

  async function callerSignedIn(request: Asking): Promise<Caller | null> {
    const token = tokenIn(request);
    const found = token === '' ? null : await signIns?.find(token);
    const entry = current().find(
      ({ caller, sha256 }) => caller.keyId === found?.keyId && found.isFor(sha256),
    );
    return found && entry ? withKey(entry, { signInId: found.id }) : null;
  }

  const counted = new WeakSet<Asking>();

  function admitAnybody(request: Asking, what: keyof AddressLimits): void {
    // Without keys, whoever calls is on this machine.
    if (current().length === 0) return;
    // One that several handlers have looked at is still one.
    if (what === 'requests' && counted.has(request)) return;
    counted.add(request);
    addresses?.take(addressBlock(clientAddress(request) ?? ''), what);
  }

  function orRefused(caller: Caller | null, request: Asking): Caller {
    if (caller === null) {
      admitAnybody(request, 'requests');
      throw new AppError(
        'unauthenticated',
        'The API key is missing or not valid. Send it as x-api-key or as Authorization: Bearer.',
      );
    }
    connections?.known(request.socket);
    const asked = request.headers['anthropic-workspace-id'];
    if (asked !== undefined && asked !== caller.workspaceId) {
      refuse('The anthropic-workspace-id header names another workspace than the one of the API key.');
    }
    return caller;
  }

  return {
    get needsKey() {
      return current().length > 0;
    },

    checkOrigin(headers) {
      if (current().length > 0) return;
      const host = headers.host ?? '';
      if (!isOwnHost(host, publicOrigin)) {
        refuse(
          'The Host header names another host. Without API keys only requests to this machine are served.',
        );
      }
      if (comesThroughProxy(headers)) {
        refuse(
          'A proxy sends this request on for somebody from elsewhere. Configure API keys to let others call.',
        );
      }
      const { origin } = headers;
      if (origin !== undefined && !isOwnOrigin(origin, host, publicOrigin)) {
        refuse('Requests of web pages from elsewhere are refused. Configure API keys to let others call.');
      }
      const site = headers['sec-fetch-site'];
      if (site === 'cross-site' || site === 'same-site') {
        refuse('Requests of web pages from elsewhere are refused. Configure API keys to let others call.');
      }
    },

    admitAnybody,

    async authenticate(request) {
      if (current().length === 0) return orRefused({ workspaceId: DEFAULT_WORKSPACE, keyId: null }, request);
      const key = keyIn(request.headers);
      return orRefused(key === null ? await callerSignedIn(request) : callerOf(key), request);
    },

    watch(caller, ended) {
      const end = (): void => ended();
      if (caller.keyId !== null) watched.set(end, caller);
      const unwatch = caller.signInId === undefined ? undefined : signIns?.watch(caller.signInId, end);
      return () => {
        watched.delete(end);
        unwatch?.();
      };
    },

    keysChanged() {
      for (const [end, caller] of watched) if (!isStanding(caller)) end();
    },

    isSecure,
    tokenIn,

    callerWith: (key, request) =>
      orRefused(
        current().length === 0 ? { workspaceId: DEFAULT_WORKSPACE, keyId: null } : callerOf(key),
        request,
      ),
  };
}

/** The presented key; empty when two differ, null when no header brings one: only then a cookie counts. */
function keyIn(headers: IncomingHttpHeaders): string | null {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const header = headers['x-api-key'];
  const plain = typeof header === 'string' ? header.trim() : undefined;
  if (headers.authorization !== undefined && plain !== undefined && bearer !== plain) return '';
  if (headers.authorization === undefined && plain === undefined) return null;
  return bearer ?? plain ?? '';
}

/** Browsers add cookies by themselves, also to requests that a page of another origin makes them send. */
function sentByOwnPage(headers: IncomingHttpHeaders, publicOrigin: URL | null): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return origin === undefined || isOwnOrigin(origin, headers.host ?? '', publicOrigin);
}

/** In which proxies say for whom they speak, or under which name they were asked. */
const CLIENT_HEADERS = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-real-ip',
  'x-client-ip',
  'cf-connecting-ip',
  'true-client-ip',
];

/** Whether a proxy on this machine says that it speaks for another one. */
function comesThroughProxy(headers: IncomingHttpHeaders): boolean {
  const named = CLIENT_HEADERS.flatMap((name) => String(headers[name] ?? '').split(','));
  const forwarded = [...(headers.forwarded ?? '').matchAll(/\b(?:for|host)\s*=\s*("[^"]*"|[^;,\s]*)/gi)];
  return [...named, ...forwarded.map(([, value = '']) => value)]
    .map((address) => address.trim().replaceAll('"', ''))
    .some((address) => address !== '' && !isOwnHost(address, null) && !isOwnHost(`[${address}]`, null));
}

function isOwnHost(host: string, publicOrigin: URL | null): boolean {
  if (publicOrigin !== null && host.toLowerCase() === publicOrigin.host) return true;
  const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}

function isOwnOrigin(origin: string, host: string, publicOrigin: URL | null): boolean {
  if (publicOrigin !== null && origin === publicOrigin.origin) return true;
  return origin === `http://${host}` || origin === `https://${host}`;
}

function refuse(message: string): never {
  throw new AppError('forbidden', message);
}
