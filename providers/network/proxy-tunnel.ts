import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import type { Destination } from './no-proxy.ts';
import { proxyName, type ProxyServer } from './proxy-server.ts';

/** Why a proxy does not lead on. Its words name the proxy, without credentials. */
export class ProxyError extends Error {
  /** What the proxy answered; null: nothing that is an answer. */
  readonly status: number | null;
  readonly code = 'EPROXY';
  constructor(
    proxy: Pick<ProxyServer, 'host' | 'port'>,
    what: string,
    status: number | null,
    cause?: unknown,
  ) {
    super(`the HTTP proxy ${proxyName(proxy)} ${what}`, { cause });
    this.name = 'ProxyError';
    this.status = status;
  }
}

/** What can be done about an answer of a proxy. */
function advice(status: number): string {
  if (status === 407) return '; set a user and a password that it accepts in network.proxy or HTTPS_PROXY';
  if (status === 403) return '; let it allow this host and port, or name the host in network.no_proxy';
  if (status >= 500) return '; it cannot reach the host';
  return '';
}

/** The error for a proxy that answered in the place of whom was asked. */
export function proxyRefusal(proxy: ProxyServer, status: number, target: string): ProxyError {
  return new ProxyError(proxy, `answered ${status} for ${target}${advice(status)}`, status);
}

export interface TunnelOptions {
  /** How long all of it may take, milliseconds. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  /** Authorities for TLS to the proxy; undefined: those of the process. */
  ca?: string[] | undefined;
}

const CONNECT_MS = 10_000;
const HEAD_BYTES = 32 * 1024;

/** The `host:port` of CONNECT. */
export function authorityOf({ host, port }: Destination): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** A connection to the proxy itself. Rejects with a {@link ProxyError}, or the signal's reason. */
export function connectToProxy(proxy: ProxyServer, options: TunnelOptions = {}): Promise<Socket> {
  const { timeoutMs = CONNECT_MS, signal, ca } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const { host, port } = proxy;
    const onward = { host, port, allowHalfOpen: true };
    const socket = proxy.isTls
      ? connectTls({
          host,
          port,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(ca === undefined ? {} : { ca }),
          ALPNProtocols: ['http/1.1'],
        })
      : connect(onward);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      // It may break before anybody reads it.
      socket.on('error', () => socket.destroy());
    };
    const onError = (error: Error): void => {
      settle();
      socket.destroy();
      reject(new ProxyError(proxy, `cannot be reached: ${error.message}`, null, error));
    };
    const onAbort = (): void => {
      settle();
      socket.destroy();
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => onError(new Error('no answer in time')), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once(proxy.isTls ? 'secureConnect' : 'connect', () => {
      settle();
      resolve(socket);
    });
  });
}

/**
 * Opens a tunnel by CONNECT. The destination is named as it is given: a name is resolved by the proxy. Rejects with a {@link ProxyError},
 * or the signal's reason.
 */
export async function openTunnel(
  proxy: ProxyServer,
  destination: Destination,
  options: TunnelOptions = {},
): Promise<Socket> {
  const { timeoutMs = CONNECT_MS, signal } = options;
  const until = performance.now() + timeoutMs;
  const authority = authorityOf(destination);
  const socket = await connectToProxy(proxy, options);
  socket.write(
    [
      `CONNECT ${authority} HTTP/1.1`,
      `Host: ${authority}`,
      ...(proxy.authorization === null ? [] : [`Proxy-Authorization: ${proxy.authorization}`]),
      '',
      '',
    ].join('\r\n'),
  );
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal?.reason);
    const onEnd = (): void => fail(new ProxyError(proxy, `closed the connection for ${authority}`, null));
    const onReadable = (): void => {
      for (
        let chunk = socket.read() as Buffer | null;
        chunk !== null;
        chunk = socket.read() as Buffer | null
      ) {
        seen = Buffer.concat([seen, chunk]);
        const end = seen.indexOf('\r\n\r\n');
        if (end < 0) {
          if (seen.length <= HEAD_BYTES) continue;
          return fail(new ProxyError(proxy, 'answered with a head that does not end', null));
        }
        const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(seen.toString('latin1', 0, 64))?.[1]);
        if (Number.isNaN(status)) return fail(new ProxyError(proxy, 'answered with what is no HTTP', null));
        if (status < 200 || status > 299) return fail(proxyRefusal(proxy, status, authority));
        settle();
        const rest = seen.subarray(end + 4);
        if (rest.length > 0) socket.unshift(rest);
        return resolve(socket);
      }
    };
    const timer = setTimeout(
      () => fail(new ProxyError(proxy, `did not answer in time for ${authority}`, null)),
      Math.max(1, until - performance.now()),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('readable', onReadable).once('end', onEnd).once('close', onEnd);
  });
}
