import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';

/** A certificate authority of a company's own. */
export interface CompanyAuthority {
  /** Its certificate, in PEM. */
  pem: string;
  /** A file with it. */
  file: string;
  /** A certificate and its key for a name or an address. */
  issue(name: string): { cert: string; key: string };
  remove(): void;
}

/** Makes an authority with openssl. */
export function makeAuthority(): CompanyAuthority {
  const folder = mkdtempSync(path.join(tmpdir(), 'authority-'));
  const at = (name: string): string => path.join(folder, name);
  const openssl = (...words: string[]): void => void execFileSync('openssl', words, { stdio: 'pipe' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...fresh,
    '-days',
    '3650',
    '-subj',
    '/CN=Company CA',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  let issued = 0;
  return {
    pem: readFileSync(at('ca.pem'), 'utf8'),
    file: at('ca.pem'),
    issue(name) {
      const [key, wish, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((kind) =>
        at(`${issued}.${kind}`),
      );
      issued += 1;
      if (!key || !wish || !cert || !extensions) throw new Error('unreachable');
      const kind = /^[\d.]+$|:/.test(name) ? 'IP' : 'DNS';
      writeFileSync(extensions, `subjectAltName=${kind}:${name}\nextendedKeyUsage=serverAuth\n`);
      openssl('req', ...fresh, '-subj', '/CN=server', '-keyout', key, '-out', wish);
      openssl(
        'x509',
        '-req',
        '-in',
        wish,
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
        '-days',
        '365',
        '-extfile',
        extensions,
        '-out',
        cert,
      );
      return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface CorporateProxyOptions {
  /** Ports of this machine, by `host` or `host:port` as the proxy is asked; only the proxy knows these names. `*`: all others. */
  hosts: Record<string, number>;
  /** `user:password` that it asks for. */
  credentials?: string;
  /** Inspects TLS: servers are shown under certificates of this authority, and reached without TLS. */
  inspectsWith?: CompanyAuthority;
  /** Listens with TLS under a certificate of this authority. */
  tls?: CompanyAuthority;
  /** Answers everything so; `hang`: not at all. */
  answers?: number | 'hang';
}

export interface CorporateProxy {
  url: string;
  port: number;
  /** `GET http://host/path`, `CONNECT host:port`. */
  asked: string[];
  /** The server names inside of tunnels that it inspected. */
  inspected: string[];
  close(): void;
}

/** The forward proxy of a company: CONNECT and absolute URLs. */
export async function startCorporateProxy(options: CorporateProxyOptions): Promise<CorporateProxy> {
  const asked: string[] = [];
  const inspected: string[] = [];
  const sockets = new Set<Socket>();
  const expected = options.credentials && `Basic ${Buffer.from(options.credentials).toString('base64')}`;
  const portOf = (host: string, port: string | number): number | undefined =>
    options.hosts[`${host}:${port}`] ?? options.hosts[host] ?? options.hosts['*'];
  const refusalOf = ({ headers }: IncomingMessage): number | undefined => {
    if (typeof options.answers === 'number') return options.answers;
    return expected && headers['proxy-authorization'] !== expected ? 407 : undefined;
  };

  function forward(incoming: IncomingMessage, response: ServerResponse, port: number, target: string): void {
    const { method, headers } = incoming;
    const { 'proxy-authorization': _, ...kept } = headers;
    const onward = request({ host: '127.0.0.1', port, method, path: target, headers: kept }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    incoming.pipe(onward);
  }

  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (options.answers === 'hang') return;
    const url = new URL(incoming.url ?? '');
    const refusal = refusalOf(incoming);
    const port = portOf(url.hostname, url.port || 80);
    if (refusal !== undefined || port === undefined) {
      response
        .writeHead(refusal ?? 503, { 'proxy-authenticate': 'Basic realm="company"' })
        .end('<html>no</html>');
      return;
    }
    forward(incoming, response, port, url.pathname + url.search);
  };
  const server: Server = options.tls
    ? createTlsServer(options.tls.issue('127.0.0.1'), onRequest)
    : createServer(onRequest);

  const contexts = new Map<string, SecureContext>();
  const contextOf = (name: string): SecureContext => {
    const context = contexts.get(name) ?? createSecureContext(options.inspectsWith?.issue(name));
    contexts.set(name, context);
    return context;
  };
  /** Which port a tunnel under inspection leads to, by the port of the connection to the inspector. */
  const inspectedPorts = new Map<number | undefined, number>();
  const inspector =
    options.inspectsWith &&
    createTlsServer(
      {
        ...options.inspectsWith.issue('unnamed.test'),
        SNICallback(name, done) {
          inspected.push(name);
          done(null, contextOf(name));
        },
      },
      (incoming, response) =>
        forward(incoming, response, inspectedPorts.get(incoming.socket.remotePort) ?? 1, incoming.url ?? '/'),
    );
  if (inspector) await once(inspector.listen(0, '127.0.0.1'), 'listening');

  server.on('connect', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    asked.push(`CONNECT ${incoming.url}`);
    socket.on('error', () => socket.destroy());
    if (options.answers === 'hang') return;
    const [, host = '', wanted = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(incoming.url ?? '') ?? [];
    const refusal = refusalOf(incoming);
    const port = portOf(host, wanted);
    if (refusal !== undefined || port === undefined) {
      socket.end(
        `HTTP/1.1 ${refusal ?? 503} No\r\nProxy-Authenticate: Basic realm="company"\r\nContent-Length: 2\r\n\r\nno`,
      );
      return;
    }
    const inner = inspector && wanted === '443' ? (inspector.address() as AddressInfo).port : port;
    const there = connect(inner, '127.0.0.1', () => {
      inspectedPorts.set(there.localPort, port);
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) there.write(head);
      there.pipe(socket).pipe(there);
    });
    sockets.add(there);
    there.on('error', () => socket.destroy());
    socket.on('close', () => there.destroy());
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const user = options.credentials ? `${options.credentials}@` : '';
  return {
    url: `${options.tls ? 'https' : 'http'}://${user}127.0.0.1:${port}`,
    port,
    asked,
    inspected,
    close() {
      server.close();
      inspector?.close();
      for (const socket of sockets) socket.destroy();
      inspector?.closeAllConnections();
    },
  };
}
