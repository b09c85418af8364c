import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { pipeline, type Readable } from 'node:stream';

import { normalHost, refusalOf } from '../network/policy.ts';
import { dialByProxy } from '../network/dial-by-proxy.ts';
import { destinationOf } from '../network/proxy-route.ts';
import { proxyName } from '../network/proxy-server.ts';
import { connectToProxy, proxyRefusal } from '../network/proxy-tunnel.ts';
import type { ByProxy, PublicHosts } from '../network/public-hosts.ts';
import { domainRefusal } from './domain-rules.ts';
import type { WebFetcher, WebPage, WebRefusal, WebRequest } from './web-fetcher.ts';

export interface HttpFetcherDeps {
  hosts: PublicHosts;
  limits: { bytes: number; totalMs: number; redirects: number };
  userAgent: string;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

class Refusal extends Error {
  readonly reason: WebRefusal['reason'];
  constructor(reason: WebRefusal['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The checked target of one hop. */
interface Hop {
  url: URL;
  addresses: string[];
  by?: ByProxy;
}

/** Where a hop leads, or a refusal thrown. */
async function resolveHop(
  deps: HttpFetcherDeps,
  request: WebRequest,
  url: URL,
  signal: AbortSignal,
): Promise<Hop> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Refusal(
      'url_not_allowed',
      `only http and https are fetched, not ${url.protocol.replace(':', '')}`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new Refusal('url_not_allowed', 'the URL must not contain a user or password');
  }
  const host = normalHost(url.hostname);
  if (host === undefined) throw new Refusal('url_not_allowed', 'the URL names no host');
  const refusal = domainRefusal(request.domains, host) ?? refusalOf(request.policy, host);
  if (refusal !== undefined) throw new Refusal('url_not_allowed', refusal);
  const resolution = await deps.hosts.resolve(host, request.asker, signal, destinationOf(url));
  if ('refusal' in resolution) {
    throw new Refusal(
      resolution.code === 403 ? 'url_not_allowed' : 'failed',
      `${host}: ${resolution.refusal}`,
    );
  }
  return { url, ...resolution };
}

/** Where a hop is asked, for the log. */
function placesOf({ addresses, by }: Hop): string {
  return by === undefined ? addresses.join(' ') : `by proxy ${proxyName(by.proxy)}`;
}

/** Resolves a hop and reports the decision. */
async function checkHop(
  deps: HttpFetcherDeps,
  request: WebRequest,
  url: URL,
  signal: AbortSignal,
): Promise<Hop> {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const target = { host: url.hostname, port };
  try {
    const hop = await resolveHop(deps, request, url, signal);
    request.decided({ ...target, decision: 'allowed', address: placesOf(hop) });
    return hop;
  } catch (error) {
    if (error instanceof Refusal) request.decided({ ...target, decision: 'refused', reason: error.message });
    throw error;
  }
}

/** Answers the connection's question for addresses with those that were checked. */
function pinned(addresses: readonly string[]): LookupFunction {
  const rows = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    const [first] = rows;
    if (options.all === true) callback(null, rows);
    else if (first === undefined) callback(new Error('there is no address'), '', 4);
    else callback(null, first.address, first.family);
  };
}

/** What a request needs for its way. */
interface Way {
  options: RequestOptions;
  headers: Record<string, string>;
}

/** How a hop is asked: at its checked addresses, or by the proxy of the network. */
async function wayOf({ url, addresses, by }: Hop, signal: AbortSignal): Promise<Way> {
  if (by === undefined) return { options: { agent: false, lookup: pinned(addresses) }, headers: {} };
  const { host, port, isTls } = destinationOf(url);
  const { proxy } = by;
  // Node knows the port that goes without saying from an agent, and there is none.
  const named = { host: url.host };
  if (!isTls && by.isByName) {
    const socket = await connectToProxy(proxy, { signal });
    return {
      options: { createConnection: () => socket, path: `http://${url.host}${url.pathname}${url.search}` },
      headers: {
        ...named,
        ...(proxy.authorization === null ? {} : { 'proxy-authorization': proxy.authorization }),
      },
    };
  }
  const socket = await dialByProxy(by, port, { signal });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const connection = (): Socket => (isTls ? connectTls({ socket, ...servername }) : socket);
  return { options: { createConnection: connection }, headers: named };
}

async function open(deps: HttpFetcherDeps, hop: Hop, signal: AbortSignal): Promise<IncomingMessage> {
  const way = await wayOf(hop, signal);
  const send = hop.url.protocol === 'https:' ? httpsRequest : httpRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(hop.url, {
      ...way.options,
      signal,
      headers: {
        ...way.headers,
        'user-agent': deps.userAgent,
        accept: 'text/html,application/xhtml+xml,text/plain,application/pdf,application/json;q=0.9,*/*;q=0.5',
        'accept-encoding': 'gzip, deflate, br',
      },
    });
    request.once('error', reject);
    request.once('response', resolve);
    request.end();
  });
  if (hop.by === undefined || response.statusCode !== 407) return response;
  response.destroy();
  throw proxyRefusal(hop.by.proxy, 407, hop.url.host);
}

function decoded(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase();
  const decoder =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createGunzip()
      : encoding === 'br'
        ? createBrotliDecompress()
        : encoding === 'deflate'
          ? createInflate()
          : undefined;
  // Whoever reads is told of errors by what it reads.
  return decoder === undefined ? response : pipeline(response, decoder, () => undefined);
}

/** The body, decompressed, up to the limit: a small archive that unpacks to a huge page ends there as well. */
async function readBody(response: IncomingMessage, limit: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(response)) {
    const part = chunk as Buffer;
    size += part.length;
    if (size > limit) {
      response.destroy();
      throw new Refusal('failed', `the page is larger than ${limit} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function contentType(response: IncomingMessage): { mediaType: string; charset: string } {
  const [type = '', ...parameters] = (response.headers['content-type'] ?? '').split(';');
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]+)/i.exec(parameter)?.[1])
    .find((name) => name !== undefined);
  return { mediaType: type.trim().toLowerCase(), charset: (charset ?? '').toLowerCase() };
}

/** The fetcher on node's own HTTP client. */
export function createHttpFetcher(deps: HttpFetcherDeps): WebFetcher {
  async function follow(request: WebRequest, signal: AbortSignal): Promise<WebPage> {
    let url: URL;
    try {
      url = new URL(request.url);
    } catch {
      throw new Refusal('failed', 'it is no URL');
    }
    for (let hops = 0; hops <= deps.limits.redirects; hops++) {
      const response = await open(deps, await checkHop(deps, request, url, signal), signal);
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      if (REDIRECTS.has(status) && location !== undefined) {
        response.destroy();
        url = new URL(location, url);
        continue;
      }
      const bytes = await readBody(response, deps.limits.bytes);
      url.hash = '';
      return { url: url.href, status, ...contentType(response), bytes };
    }
    throw new Refusal('failed', `more than ${deps.limits.redirects} redirects`);
  }

  return {
    async fetch(request, signal) {
      const timeout = AbortSignal.timeout(deps.limits.totalMs);
      try {
        return await follow(request, AbortSignal.any([signal, timeout]));
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Refusal) return { refusal: error.message, reason: error.reason };
        if (timeout.aborted)
          return { refusal: `no answer within ${deps.limits.totalMs / 1_000} s`, reason: 'failed' };
        return { refusal: error instanceof Error ? error.message : String(error), reason: 'failed' };
      }
    },
  };
}
