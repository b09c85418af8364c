import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../core/errors.ts';
import { keyInCookie } from './console/key-cookie.ts';

/** Who sends a request. `keyId` null: nobody had to show a key. */
export interface Caller {
  workspaceId: string;
  keyId: string | null;
}

/** Who may call, and from where. */
export interface Access {
  /** Whether callers must show a key. */
  needsKey: boolean;
  /** Throws `forbidden` for a request that a foreign web page sends. Asked for every request, before anything else. */
  checkOrigin(headers: IncomingHttpHeaders): void;
  /** Throws `unauthenticated`, always with the same words, or `forbidden` for another workspace than the key's. */
  authenticate(headers: IncomingHttpHeaders): Caller;
}

export interface AccessOptions {
  /** None: whoever reaches the loopback interface may call, as workspace `default`. */
  keys: readonly { id: string; workspace: string; sha256: string }[];
  /** URL under which clients reach the API, where it differs from what it listens on. */
  publicUrl: string | null;
}

const DEFAULT_WORKSPACE = 'default';

export function createAccess({ keys, publicUrl }: AccessOptions): Access {
  const known = keys.map(({ id, workspace, sha256 }) => ({
    caller: { workspaceId: workspace, keyId: id },
    hash: Buffer.from(sha256, 'hex'),
  }));
  const publicOrigin = publicUrl === null ? null : new URL(publicUrl);

  function callerOf(key: string): Caller | null {
    const hash = createHash('sha256').update(key).digest();
    let found: Caller | null = null;
    // All are compared, so that the time says nothing about which.
    for (const entry of known) if (timingSafeEqual(entry.hash, hash)) found = entry.caller;
    return found;
  }

  return {
    needsKey: known.length > 0,

    checkOrigin(headers) {
      if (known.length > 0) return;
      const host = headers.host ?? '';
      if (!isOwnHost(host, publicOrigin)) {
        refuse(
          'The Host header names another host. Without API keys only requests to this machine are served.',
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

    authenticate(headers) {
      const caller =
        known.length === 0
          ? { workspaceId: DEFAULT_WORKSPACE, keyId: null }
          : callerOf(keyIn(headers, publicOrigin));
      if (caller === null) {
        throw new AppError(
          'unauthenticated',
          'The API key is missing or not valid. Send it as x-api-key or as Authorization: Bearer.',
        );
      }
      const asked = headers['anthropic-workspace-id'];
      if (asked !== undefined && asked !== caller.workspaceId) {
        refuse('The anthropic-workspace-id header names another workspace than the one of the API key.');
      }
      return caller;
    },
  };
}

/** The presented key; empty when there is none, or when two differ. A cookie counts only when no header brings a key. */
function keyIn(headers: IncomingHttpHeaders, publicOrigin: URL | null): string {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const header = headers['x-api-key'];
  const plain = typeof header === 'string' ? header.trim() : undefined;
  if (headers.authorization !== undefined && plain !== undefined && bearer !== plain) return '';
  if (headers.authorization === undefined && plain === undefined) {
    return sentByOwnPage(headers, publicOrigin) ? keyInCookie(headers) : '';
  }
  return bearer ?? plain ?? '';
}

/** Browsers add cookies by themselves, also to requests that a page of another origin makes them send. */
function sentByOwnPage(headers: IncomingHttpHeaders, publicOrigin: URL | null): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return origin === undefined || isOwnOrigin(origin, headers.host ?? '', publicOrigin);
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
