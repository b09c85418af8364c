import { createServer, request as httpRequest, type Server } from 'node:http';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
} from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { NetworkPolicy } from '../../network/policy.ts';
import { createPublicHosts } from '../../network/public-hosts.ts';
import type { EgressDecision } from '../../network/egress-decision.ts';
import { createSessionProxy } from './session-proxy.ts';

const open: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function listen(server: Server | TcpServer): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy whose names are given; `127.0.0.1` counts as public so that it can reach the test's own servers. */
async function makeProxy(
  policy: NetworkPolicy,
  names: Record<string, string[][]> = {},
): Promise<{ port: number; decisions: EgressDecision[]; lookups: string[] }> {
  const decisions: EgressDecision[] = [];
  const lookups: string[] = [];
  const proxy = createSessionProxy({
    policy,
    hosts: createPublicHosts({
      privateNetworks: ['127.0.0.1'],
      lookup: (host) => {
        lookups.push(host);
        const answers = names[host] ?? [['127.0.0.1']];
        return Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) ?? []);
      },
    }),
    asker: 'session',
    decided: (decision) => decisions.push(decision),
  });
  return { port: await listen(proxy), decisions, lookups };
}

/** What comes back for raw bytes. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let seen = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    socket.on('error', () => resolve(seen));
    socket.on('close', () => resolve(seen));
  });
}

const tunnel = (port: number, target: string, then = ''): Promise<string> =>
  exchange(port, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n${then}`);

describe('the proxy of a session', () => {
  it('forwards requests, under the host that the URL names', async () => {
    const web = await listen(
      createServer((request, response) =>
        response.end(`${request.headers.host} ${request.url} ${String(request.headers['proxy-connection'])}`),
      ),
    );
    const { port, decisions } = await makeProxy({ mode: 'unrestricted' });
    const answer = await exchange(
      port,
      `GET http://site.example:${web}/a?b HTTP/1.1\r\nHost: other.example\r\nProxy-Connection: x\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toContain(`site.example:${web} /a?b undefined`);
    expect(decisions).toEqual([
      { host: 'site.example', port: web, decision: 'allowed', address: '127.0.0.1' },
    ]);
  });
  it('passes request bodies and statuses through', async () => {
    const web = await listen(
      createServer((request, response) => {
        response.statusCode = 418;
        request.pipe(response);
      }),
    );
    const { port } = await makeProxy({ mode: 'unrestricted' });
    const answer = await new Promise<string>((resolve, reject) => {
      const request = httpRequest(
        { port, method: 'POST', path: `http://site.example:${web}/` },
        (response) => {
          response
            .setEncoding('utf8')
            .on('data', (text: string) => resolve(`${response.statusCode} ${text}`));
        },
      );
      request.on('error', reject);
      request.end('body');
    });
    expect(answer).toBe('418 body');
  });
  it('tunnels to hosts that are allowed', async () => {
    const echo = await listen(createTcpServer((socket) => socket.end('hello')));
    const { port } = await makeProxy({ mode: 'unrestricted' });
    expect(await tunnel(port, `site.example:${echo}`)).toMatch(/^HTTP\/1.1 200 [^]*\r\n\r\nhello$/);
  });
  it.each([
    '10.0.0.1:80',
    '[::1]:80',
    '[::ffff:10.0.0.1]:80',
    '169.254.169.254:80',
    '0xa9.0xfe.0xa9.0xfe:80',
    'localhost:80',
    'localhost.:80',
    'metadata.google.internal:80',
  ])('refuses a tunnel to %s and says why', async (target) => {
    const { port, decisions } = await makeProxy({ mode: 'unrestricted' });
    expect(await tunnel(port, target)).toMatch(/^HTTP\/1.1 403 [^]*not a public/);
    expect(decisions).toMatchObject([{ decision: 'refused' }]);
  });
  it.each([
    '',
    'x',
    'a b:80',
    'site.example',
    'site.example:0',
    'site.example:99999',
    'user@site.example:80',
  ])('does not understand a tunnel to %j', async (target) => {
    const { port } = await makeProxy({ mode: 'unrestricted' });
    expect(await tunnel(port, target)).toMatch(/^HTTP\/1.1 400 /);
  });
  it('refuses a name with one inner address among public ones, and resolves only once', async () => {
    const { port, lookups } = await makeProxy(
      { mode: 'unrestricted' },
      { 'mixed.example': [['127.0.0.1', '10.0.0.1']] },
    );
    expect(await tunnel(port, 'mixed.example:80')).toContain('10.0.0.1');
    expect(lookups).toEqual(['mixed.example']);
  });
  it('dials what it checked, although the name means something else a moment later', async () => {
    const echo = await listen(createTcpServer((socket) => socket.end('public')));
    const { port, lookups } = await makeProxy(
      { mode: 'unrestricted' },
      { 'rebind.example': [['127.0.0.1'], ['10.0.0.1']] },
    );
    expect(await tunnel(port, `rebind.example:${echo}`)).toContain('public');
    expect(lookups).toHaveLength(1);
    expect(await tunnel(port, `rebind.example:${echo}`)).toMatch(/^HTTP\/1.1 403 /);
  });
  it('answers requests that are not for a proxy with 400', async () => {
    const { port } = await makeProxy({ mode: 'unrestricted' });
    for (const path of [
      '/',
      'ftp://site.example/',
      'https://site.example/',
      'http://user:pw@site.example/',
    ]) {
      expect(await exchange(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1.1 400 /,
      );
    }
  });
  it.each(['CONNECT', 'GET'])(
    'keeps no connection for whoever left while it was made: %s',
    async (method) => {
      const ended = Promise.withResolvers<void>();
      const upstream = await listen(
        createTcpServer((socket) =>
          socket
            .resume()
            .on('error', () => {})
            .on('close', () => ended.resolve()),
        ),
      );
      const asked = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<string[]>();
      const proxy = createSessionProxy({
        policy: { mode: 'limited', hosts: ['site.example'] },
        hosts: createPublicHosts({
          privateNetworks: ['127.0.0.1'],
          lookup: () => {
            asked.resolve();
            return answer.promise;
          },
        }),
        asker: 'session',
        decided: () => {},
      });
      const port = await listen(proxy);
      const client = connect(port, '127.0.0.1');
      const target = method === 'GET' ? `http://site.example:${upstream}/` : `site.example:${upstream}`;
      client.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await asked.promise;
      client.destroy();
      // Only a request without a tunnel shows at once that its client is gone.
      const connections = () =>
        new Promise<number>((resolve) => proxy.getConnections((_error, count) => resolve(count)));
      if (method === 'GET') await vi.waitFor(async () => expect(await connections()).toBe(0));
      answer.resolve(['127.0.0.1']);
      await ended.promise;
    },
  );
  it('bounds the connections of a session', async () => {
    const { port } = await makeProxy({ mode: 'unrestricted' });
    const sockets = await Promise.all(
      Array.from({ length: 520 }, () => {
        const socket = connect(port, '127.0.0.1');
        return new Promise<typeof socket>((resolve) =>
          socket.on('error', () => {}).on('connect', () => resolve(socket)),
        );
      }),
    );
    await vi.waitFor(() =>
      expect(sockets.filter(({ readableEnded, destroyed }) => readableEnded || destroyed)).toHaveLength(8),
    );
    for (const socket of sockets) socket.destroy();
  });
  it('says that a connection failed', async () => {
    const closed = await listen(createTcpServer());
    open.splice(0).forEach((server) => server.close());
    const { port } = await makeProxy({ mode: 'unrestricted' });
    expect(await tunnel(port, `site.example:${closed}`)).toMatch(/^HTTP\/1.1 502 [^]*ECONNREFUSED/);
  });

  describe('in a limited environment', () => {
    const limited: NetworkPolicy = { mode: 'limited', hosts: ['api.example', '*.wild.example'] };

    it('refuses hosts that are not listed without asking for their addresses', async () => {
      const { port, lookups } = await makeProxy(limited);
      expect(await tunnel(port, 'other.example:443')).toMatch(/^HTTP\/1.1 403 [^]*allowed_hosts/);
      expect(
        await exchange(
          port,
          'GET http://other.example/ HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n',
        ),
      ).toMatch(/^HTTP\/1.1 403 /);
      expect(lookups).toEqual([]);
    });
    it('still refuses a listed name that leads inside', async () => {
      const { port } = await makeProxy(limited, { 'api.example': [['192.168.0.1']] });
      expect(await tunnel(port, 'api.example:443')).toContain('192.168.0.1');
    });
    it('lets TLS through only under the name that was asked for', async () => {
      const received: Buffer[] = [];
      const upstream = await listen(
        createTcpServer((socket) =>
          socket.on('data', (chunk: Buffer) => received.push(chunk)).on('error', () => {}),
        ),
      );
      const { port, decisions } = await makeProxy(limited);
      const speak = (servername: string): Promise<void> =>
        new Promise((resolve) => {
          const socket = connect(port, '127.0.0.1', () =>
            socket.write(`CONNECT api.example:${upstream} HTTP/1.1\r\n\r\n`),
          );
          socket.once('data', () => {
            const tls = connectTls({ socket, servername });
            tls.on('error', () => {});
            tls.on('close', () => resolve());
            socket.on('close', () => resolve());
            setTimeout(() => socket.destroy(), 300);
          });
        });
      await speak('hidden.example');
      expect(received).toEqual([]);
      expect(decisions.at(-1)).toMatchObject({
        decision: 'refused',
        reason: 'the server name inside TLS is hidden.example',
      });
      await speak('api.example');
      expect(Buffer.concat(received).includes('api.example')).toBe(true);
    });
    it('lets no TLS through that names no server, or hides the name in a second record', async () => {
      let received = 0;
      const upstream = await listen(
        createTcpServer((socket) => socket.on('data', () => received++).on('error', () => {})),
      );
      const { port, decisions } = await makeProxy(limited);
      const hello = await new Promise<Buffer>((resolve) => {
        const sink = new Duplex({ read() {}, write: (chunk: Buffer) => resolve(chunk) });
        connectTls({ socket: sink, servername: 'hidden.example' }).on('error', () => {});
      });
      const [head, rest] = [hello.subarray(5, 15), hello.subarray(15)];
      const record = (part: Buffer): Buffer[] => [
        Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]),
        part,
      ];
      const nameless = [22, 3, 1, 0, 4, 1, 255, 255, 255];
      for (const bytes of [Buffer.concat([...record(head), ...record(rest)]), Buffer.from(nameless)]) {
        await new Promise<void>((resolve) => {
          const socket = connect(port, '127.0.0.1', () =>
            socket.write(`CONNECT api.example:${upstream} HTTP/1.1\r\n\r\n`),
          );
          socket.once('data', () => socket.write(bytes));
          socket.on('error', () => {}).on('close', () => resolve());
        });
      }
      expect(received).toBe(0);
      expect(decisions.filter(({ decision }) => decision === 'refused').map(({ reason }) => reason)).toEqual([
        'the server name inside TLS is hidden.example',
        'TLS names no server',
      ]);
    });
    it('lets protocols through in which the server speaks first, each byte once', async () => {
      const upstream = await listen(
        createTcpServer((socket) => {
          socket.write('banner ');
          socket.once('data', (chunk: Buffer) => socket.end(`got ${chunk.toString()}`));
        }),
      );
      const { port } = await makeProxy(limited);
      const seen = await new Promise<string>((resolve) => {
        let text = '';
        const socket = connect(port, '127.0.0.1', () =>
          socket.write(`CONNECT api.example:${upstream} HTTP/1.1\r\n\r\n`),
        );
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          if (text.endsWith('banner ')) socket.write('hello');
        });
        socket.on('close', () => resolve(text));
      });
      expect(seen.split('\r\n\r\n')[1]).toBe('banner got hello');
    });
  });
});
