import { createServer, request as httpRequest } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { createPublicHosts } from '../../network/public-hosts.ts';
import { createSessionProxy } from './session-proxy.ts';
import { createProxyLab, exchange, openTunnel } from './testing/proxy-lab.ts';

const lab = createProxyLab();
const { listen, proxy: makeProxy } = lab;
afterEach(() => lab.close());

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
    lab.close();
    const { port } = await makeProxy({ mode: 'unrestricted' });
    expect(await tunnel(port, `site.example:${closed}`)).toMatch(/^HTTP\/1.1 502 [^]*ECONNREFUSED/);
  });

  describe('forwards nothing that two servers could read differently', () => {
    /** What a server is sent, as text, for the bytes of a client. */
    async function received(
      request: (authority: string) => string,
    ): Promise<{ sent: string; answer: string }> {
      let sent = '';
      const port = await listen(
        createTcpServer((socket) => {
          socket.on('error', () => {});
          socket.setEncoding('latin1').on('data', (text: string) => {
            sent += text;
            if (/\r\n\r\n/.test(sent))
              socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-seen: 1\r\n\r\nok');
          });
        }),
      );
      const { port: proxy } = await makeProxy({ mode: 'unrestricted' });
      const answer = await exchange(proxy, request(`site.example:${port}`));
      return { sent, answer };
    }
    it.each([
      ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x'],
      ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhelloX'],
      ['a length that is no number', 'Content-Length: +5\r\n\r\nhello'],
      ['another coding', 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
      ['a bare line feed in a header', 'X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
      ['a space before a colon', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
    ])('such as %s', async (_what, rest) => {
      const { sent, answer } = await received(
        (authority) => `POST http://${authority}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`,
      );
      expect(answer).toMatch(/^HTTP\/1.1 (400|501) /);
      expect(sent).toBe('');
    });
    it('such as headers of one connection, and those that Connection names', async () => {
      const { sent, answer } = await received(
        (authority) =>
          `GET http://${authority}/a HTTP/1.1\r\nHost: x\r\nConnection: close, X-Hop, Content-Length\r\nX-Hop: 1\r\nX-Kept: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nKeep-Alive: 5\r\nProxy-Authorization: Basic x\r\nExpect: 100-continue\r\nContent-Length: 14\r\n\r\nGET /b HTTP/1.`,
      );
      // The body stays a body, whatever Connection says of its length.
      expect(sent.toLowerCase()).toMatch(
        /^get \/a http\/1.1\r\n[^]*content-length: 14\r\n[^]*\r\n\r\nget \/b http\/1.$/,
      );
      expect(sent.toLowerCase()).toContain('x-kept: 1');
      expect(sent.toLowerCase()).not.toMatch(/x-hop|\nte:|upgrade|http2|keep-alive|proxy-|expect/);
      expect(answer).toMatch(/200 OK[^]*ok$/);
    });
    it('such as trailers', async () => {
      const { sent } = await received(
        (authority) =>
          `POST http://${authority}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTrailer: X-Late\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Late: 1\r\n\r\n`,
      );
      expect(sent).toMatch(/\r\n\r\n/);
      expect(sent.toLowerCase()).not.toContain('late');
    });
  });
  it('serves requests that are sent ahead one after the other, and ends a connection with too many', async () => {
    const waiting: (() => void)[] = [];
    let upstreams = 0;
    const web = createServer(
      (request, response) => void waiting.push(() => response.end(`<${request.url}>`)),
    );
    web.on('connection', () => upstreams++);
    const port = await listen(web);
    const { port: proxy } = await makeProxy({ mode: 'unrestricted' });
    const request = (index: number): string =>
      `GET http://site.example:${port}/${index} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const socket = connect(proxy, '127.0.0.1');
    let seen = '';
    socket.setEncoding('latin1').on('data', (text: string) => (seen += text));
    socket.write(Array.from({ length: 10 }, (_, index) => request(index)).join(''));
    for (let index = 0; index < 10; index++) {
      await vi.waitFor(() => expect(waiting).toHaveLength(1));
      expect(upstreams).toBe(index + 1);
      waiting.shift()?.();
    }
    await vi.waitFor(() => expect(seen.match(/<\/\d>/g)).toHaveLength(10));
    const flood = exchange(proxy, Array.from({ length: 5_000 }, (_, index) => request(index)).join(''));
    expect(await flood).toBe('');
    expect(upstreams).toBeLessThan(13);
    socket.destroy();
  });
  it('ends tunnels when it is closed', async () => {
    const accepted = Promise.withResolvers<Socket>();
    const echo = await listen(
      createTcpServer((socket) => accepted.resolve(socket.on('error', () => {}).resume())),
    );
    const { port, server } = await makeProxy({ mode: 'unrestricted' });
    const client = await openTunnel(port, `site.example:${echo}`);
    const far = await accepted.promise;
    client.resume();
    server.closeAllConnections();
    await vi.waitFor(() => expect(client.destroyed && (far.destroyed || far.readableEnded)).toBe(true));
  });
});
