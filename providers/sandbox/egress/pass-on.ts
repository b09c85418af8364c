import {
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** Most that the head of a request or an answer has. */
export const HEAD_BYTES = 32 * 1024;

/** Of one connection only (RFC 9110, section 7.6.1), or of the way to the proxy. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** Decided here for each request: where it goes, and how its body is framed. */
const OWN = ['host', 'expect', 'content-length', 'http2-settings'];

/** The headers that go further. What `Connection` names is of one connection, too. */
export function onwardHeaders(raw: readonly string[], headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...OWN, ...named]);
  const kept: Record<string, string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    if (!dropped.has(name)) (kept[name] ??= []).push(raw[at + 1] ?? '');
  }
  return kept;
}

/** Where the message's body ends. Undefined for a transfer coding that cannot be passed on. */
type Framing = { headers: OutgoingHttpHeaders; hasBody: boolean } | undefined;

function framingOf({ headers }: IncomingMessage): Framing {
  const { 'transfer-encoding': coding, 'content-length': length } = headers;
  if (coding !== undefined)
    return coding.trim().toLowerCase() === 'chunked'
      ? { headers: { 'transfer-encoding': 'chunked' }, hasBody: true }
      : undefined;
  return length === undefined
    ? { headers: {}, hasBody: false }
    : { headers: { 'content-length': length }, hasBody: true };
}

export interface Onward {
  /** A connection to the host, or an agent that has one. */
  by: { agent: Agent } | { connection: Socket };
  path: string;
  /** The `Host` that the server is told. */
  host: string;
  /** For a proxy on the way. */
  headers?: OutgoingHttpHeaders;
  /** Why an answer with this status is not the server's own. */
  refusalOf?: (status: number) => string | undefined;
}

/** Begins the request to the server, with its headers. */
export function beginOnward(
  request: IncomingMessage,
  { by, path, host, headers: forProxy }: Onward,
  headers: OutgoingHttpHeaders,
): ClientRequest {
  return httpRequest({
    ...('agent' in by ? by : { createConnection: () => by.connection }),
    method: request.method ?? 'GET',
    path,
    maxHeaderSize: HEAD_BYTES,
    headers: {
      ...onwardHeaders(request.rawHeaders, request.headers),
      ...headers,
      ...forProxy,
      host,
    },
  });
}

/**
 * Passes a request on and its answer back. The request was parsed and is written anew: what the server reads is what was judged, and
 * nothing that two parsers could read differently (RFC 9112, section 11.2) gets through. Resolves when the answer has ended, or the
 * client is gone; never rejects.
 *
 * @param refuse - answers in the server's place, when nothing was answered yet.
 */
export async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  onward: Onward,
  refuse: (code: number, why: string) => void,
): Promise<void> {
  const framing = framingOf(request);
  if (framing === undefined) return refuse(501, 'of transfer codings only "chunked" is passed on');
  const upstream = beginOnward(request, onward, framing.headers);
  upstream.setNoDelay(true);
  const onGone = (): void => void upstream.destroy();
  response.once('close', onGone);
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      upstream.once('response', resolve);
      upstream.on('error', reject);
      // Without a word, or with a change of protocol that nobody asked for.
      upstream.once('close', () => reject(new Error('the server closed the connection without an answer')));
      if (framing.hasBody) request.pipe(upstream);
      else upstream.end();
    });
    const wrong = onward.refusalOf?.(answer.statusCode ?? 0);
    if (wrong !== undefined) throw new Error(wrong);
    const body = framingOf(answer);
    if (body === undefined) throw new Error('the server answers in a transfer coding that is not passed on');
    const { 'transfer-encoding': _, ...length } = body.headers;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', {
      ...onwardHeaders(answer.rawHeaders, answer.headers),
      ...length,
    });
    await pipeline(answer, response);
  } catch (error) {
    upstream.destroy();
    if (response.headersSent) response.destroy();
    else refuse(502, error instanceof Error ? error.message : String(error));
  } finally {
    response.off('close', onGone);
  }
}
