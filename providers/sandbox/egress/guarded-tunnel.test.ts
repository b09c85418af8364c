import { createServer, request as httpRequest } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { NetworkPolicy } from '../../network/policy.ts';
import { createProxyLab, exchange, openTunnel } from './testing/proxy-lab.ts';

const lab = createProxyLab();
const { listen, proxy: makeProxy } = lab;
afterEach(() => lab.close());

const ask = (port: number, target: string, then = ''): Promise<string> =>
  exchange(port, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n${then}`);

/** The hello of a real client. */
const helloOf = (servername: string): Promise<Buffer> =>
  new Promise((resolve) => {
    const sink = new Duplex({ read() {}, write: (chunk: Buffer) => resolve(chunk) });
    connectTls({ socket: sink, servername }).on('error', () => {});
  });

/** A hello with an extension more. */
function withExtension(hello: Buffer, type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type);
  head.writeUInt16BE(body.length, 2);
  const longer = Buffer.concat([hello, head, body]);
  const more = 4 + body.length;
  longer.writeUInt16BE(longer.readUInt16BE(3) + more, 3);
  longer.writeUIntBE(longer.readUIntBE(6, 3) + more, 6, 3);
  let at = 9 + 2 + 32;
  at += 1 + longer.readUInt8(at);
  at += 2 + longer.readUInt16BE(at);
  at += 1 + longer.readUInt8(at);
  longer.writeUInt16BE(longer.readUInt16BE(at) + more, at);
  return longer;
}

/** An upstream that keeps what it is sent, and answers each request with a number. */
async function makeUpstream(): Promise<{ port: number; received(): string; connections(): number }> {
  let text = '';
  let count = 0;
  let connections = 0;
  const port = await listen(
    createTcpServer((socket) => {
      connections++;
      socket.on('error', () => {});
      socket.setEncoding('latin1').on('data', (piece: string) => {
        text += piece;
        for (const _ of piece.matchAll(/ HTTP\/1.1\r\n/g))
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n<${++count}>`);
      });
    }),
  );
  return { port, received: () => text, connections: () => connections };
}

describe('the proxy of a session in a limited environment', () => {
  const limited: NetworkPolicy = { mode: 'limited', hosts: ['api.example', '*.wild.example'] };

  it('refuses hosts that are not listed without asking for their addresses', async () => {
    const { port, lookups } = await makeProxy(limited);
    expect(await ask(port, 'other.example:443')).toMatch(/^HTTP\/1.1 403 [^]*allowed_hosts/);
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
    expect(await ask(port, 'api.example:443')).toContain('192.168.0.1');
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

  const http = (host: string, path = '/', more = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;

  it('lets HTTP through for the host that was asked for, request by request, over one connection', async () => {
    const upstream = await makeUpstream();
    const { port, decisions } = await makeProxy(limited);
    const socket = await openTunnel(port, `api.example:${upstream.port}`);
    let seen = '';
    socket.setEncoding('latin1').on('data', (text: string) => (seen += text));
    // In pieces, then two at once.
    for (const piece of ['G', 'ET', ' /a HT', 'TP/1.1\r\nHo', `st: API.example.:${upstream.port}\r\n\r\n`]) {
      socket.write(piece);
      await delay(5);
    }
    await vi.waitFor(() => expect(seen).toContain('<1>'));
    socket.write(http('api.example', '/b') + http('api.example', '/c'));
    await vi.waitFor(() => expect(seen).toMatch(/<1>[^]*<2>[^]*<3>/));
    expect(upstream.received()).toMatch(/^GET \/a [^]*GET \/b [^]*GET \/c /);
    expect(upstream.received().toLowerCase()).toContain(`host: api.example:${upstream.port}`);
    expect(upstream.connections()).toBe(1);
    expect(decisions.map(({ decision }) => decision)).toEqual(['allowed']);
    socket.destroy();
  });
  it('passes bodies of requests inside on, also those that come with the tunnel', async () => {
    const web = await listen(createServer((request, response) => void request.pipe(response)));
    const { port } = await makeProxy(limited);
    const body = 'x'.repeat(200_000);
    const answer = await ask(
      port,
      `api.example:${web}`,
      `POST / HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer.replace(/\r\n[0-9a-f]+\r\n/g, '')).toContain('x'.repeat(10_000));
    expect(answer.split('x').length - 1).toBeGreaterThanOrEqual(body.length);
  });
  it.each([
    ['another Host', http('hidden.example')],
    ['no Host', 'GET / HTTP/1.0\r\n\r\n'],
    ['two Hosts', http('api.example', '/', 'Host: hidden.example\r\n')],
    ['a Host with a user', http('api.example@hidden.example')],
    ['a list of Hosts', http('api.example, hidden.example')],
    ['a URL for a proxy', http('api.example', 'http://hidden.example/')],
    ['a tunnel in the tunnel', 'CONNECT hidden.example:80 HTTP/1.1\r\nHost: api.example\r\n\r\n'],
    [
      'a web socket of another Host',
      http('hidden.example', '/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'),
    ],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: api.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header that is folded', 'GET / HTTP/1.1\r\nHost: api.example\r\n hidden.example\r\n\r\n'],
    ['a protocol of its own', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['nothing that is known', '\x00\x01\x02'],
    ['an empty line first', `\r\n${http('hidden.example')}`],
    ['an alert of TLS', '\x15\x03\x01\x00\x02\x01\x00'],
    ['a change of ciphers', '\x14\x03\x03\x00\x01\x01'],
    ['data of TLS', '\x17\x03\x03\x00\x01\x00'],
    ['a hello of SSL 2', '\x80\x2e\x01\x03\x01'],
  ])('lets nothing through that begins with %s', async (_what, bytes) => {
    const upstream = await makeUpstream();
    for (const isLate of [false, true]) {
      const { port, decisions } = await makeProxy(limited);
      const target = `api.example:${upstream.port}`;
      if (isLate) {
        const socket = await openTunnel(port, target);
        const ended = new Promise((resolve) => socket.once('close', resolve));
        socket.resume();
        socket.write(Buffer.from(bytes, 'latin1'));
        await ended;
      } else {
        await exchange(port, Buffer.from(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n${bytes}`, 'latin1'));
      }
      if (!bytes.startsWith('CONNECT'))
        expect(decisions.at(-1)).toMatchObject({ decision: 'refused', reason: expect.any(String) });
    }
    expect(upstream.received()).toBe('');
  });
  it('judges every request of a connection, also those that are sent ahead', async () => {
    for (const bad of [
      http('hidden.example', '/b'),
      http('api.example', 'http://hidden.example/b'),
      'SSH-2.0-x\r\n\r\n',
    ]) {
      const upstream = await makeUpstream();
      const { port, decisions } = await makeProxy(limited);
      const answer = await ask(port, `api.example:${upstream.port}`, http('api.example', '/a') + bad);
      expect(upstream.received()).toContain('GET /a ');
      expect(upstream.received()).not.toContain('/b');
      expect(answer).toMatch(/<1>|HTTP\/1.1 400/);
      expect(decisions.at(-1)).toMatchObject({ decision: 'refused' });
      const late = await openTunnel(port, `api.example:${upstream.port}`);
      late.setEncoding('latin1').write(http('api.example', '/c'));
      await new Promise((resolve) => late.once('data', resolve));
      late.write(bad);
      await new Promise((resolve) => late.resume().once('close', resolve));
      expect(upstream.received()).not.toContain('/b');
    }
  });
  it.each([
    ['an alert', '15030100020100'],
    ['a change of ciphers', '140303000101'],
    ['an empty record', '1603010000'],
    ['another message of the handshake', '1603010004020000000'],
  ])('lets no TLS through whose hello stands behind %s', async (_what, before) => {
    const upstream = await makeUpstream();
    const { port, decisions } = await makeProxy(limited);
    for (const name of ['hidden.example', 'api.example']) {
      const socket = await openTunnel(port, `api.example:${upstream.port}`);
      const ended = new Promise((resolve) => socket.resume().once('close', resolve));
      socket.write(Buffer.from(before, 'hex'));
      await delay(5);
      socket.write(await helloOf(name));
      await ended;
      expect(decisions.at(-1)).toMatchObject({ decision: 'refused' });
    }
    expect(upstream.received()).toBe('');
  });
  it('lets no TLS through in which another name is or may be hidden', async () => {
    const upstream = await makeUpstream();
    const hello = await helloOf('api.example');
    const name = Buffer.from('hidden.example');
    const second = Buffer.concat([Buffer.from([0, name.length + 3, 0, 0, name.length]), name]);
    const trailing = Buffer.concat([await helloOf('api.example'), Buffer.from('rest')]);
    trailing.writeUInt16BE(trailing.readUInt16BE(3) + 4, 3);
    trailing.writeUIntBE(trailing.readUIntBE(6, 3) + 4, 6, 3);
    for (const [bytes, reason] of [
      [withExtension(hello, 0xfe0d, Buffer.alloc(200)), /ECH/],
      [withExtension(hello, 0xffce, Buffer.alloc(40)), /ECH/],
      [withExtension(hello, 0, second), /names no server/],
      [trailing, /names no server/],
    ] as const) {
      const { port, decisions } = await makeProxy(limited);
      const answer = await exchange(
        port,
        Buffer.concat([Buffer.from(`CONNECT api.example:${upstream.port} HTTP/1.1\r\n\r\n`), bytes]),
      );
      expect(decisions.at(-1)).toMatchObject({ decision: 'refused', reason: expect.stringMatching(reason) });
      // The client is told in its own language.
      expect(answer.split('\r\n\r\n')[1]).toBe('\x15\x03\x03\x00\x02\x02\x70');
    }
    expect(upstream.received()).toBe('');
    const { port } = await makeProxy(limited);
    const plain = await openTunnel(port, `api.example:${upstream.port}`);
    plain.write(withExtension(hello, 0xfafa, Buffer.alloc(1)));
    await vi.waitFor(() => expect(upstream.received()).toContain('api.example'));
    plain.destroy();
  });
  it('lets web sockets through, and no other change of protocol', async () => {
    const web = createServer((request, response) => response.end(request.headers.upgrade ?? 'no upgrade'));
    web.on('upgrade', (request, socket: Socket, head) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Key: ${request.headers['sec-websocket-key']}\r\n\r\n`,
      );
      socket.write(head);
      socket.pipe(socket);
    });
    const upstream = await listen(web);
    const { port } = await makeProxy(limited);
    const socket = await openTunnel(port, `api.example:${upstream}`);
    let seen = '';
    socket.setEncoding('latin1').on('data', (text: string) => (seen += text));
    socket.write(
      `${http('api.example', '/', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n')}early `,
    );
    await vi.waitFor(() => expect(seen).toMatch(/^HTTP\/1.1 101 [^]*x-key: k[^]*\r\n\r\nearly $/));
    socket.write('late');
    await vi.waitFor(() => expect(seen).toMatch(/early late$/));
    socket.destroy();
    const h2c = http(
      'api.example',
      '/',
      'Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    );
    expect(await ask(port, `api.example:${upstream}`, h2c)).toContain('no upgrade');
  });
  it('ends connections over which the client does not speak first', async () => {
    let taken = 0;
    const upstream = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => {});
        const more = (): void => {
          do taken += 65_536;
          while (!socket.destroyed && taken < 1 << 30 && socket.write(Buffer.alloc(65_536, 'x')));
        };
        socket.on('drain', more);
        more();
      }),
    );
    const { port, decisions } = await makeProxy(limited, {}, 1_000);
    const answer = await ask(port, `api.example:${upstream}`);
    // Not a byte of what the server said first, and no more of it taken than the kernel holds by itself.
    expect(answer.split('\r\n\r\n')[1]).toBe('');
    expect(taken).toBeLessThan(64 << 20);
    expect(decisions.at(-1)).toMatchObject({
      decision: 'refused',
      reason: expect.stringContaining('said nothing'),
    });
  });
  it('ends the tunnel with its server', async () => {
    const web = createServer((_request, response) => response.setHeader('connection', 'close').end('bye'));
    const upstream = await listen(web);
    const { port } = await makeProxy(limited);
    expect(await ask(port, `api.example:${upstream}`, http('api.example'))).toMatch(/bye$/);
    const silent = await listen(createTcpServer((socket) => void socket.end()));
    expect(await ask(port, `api.example:${silent}`, http('api.example'))).toMatch(/\r\n\r\nHTTP\/1.1 502 /);
    const hello = (await helloOf('api.example')).toString('latin1');
    const bytes = Buffer.from(`CONNECT api.example:${silent} HTTP/1.1\r\n\r\n${hello}`, 'latin1');
    expect(await exchange(port, bytes)).toMatch(/established\r\n\r\n$/);
    const asked = httpRequest({ port, method: 'GET', path: `http://api.example:${silent}/` });
    const status = await new Promise((resolve) =>
      asked.once('response', ({ statusCode }) => resolve(statusCode)).end(),
    );
    expect(status).toBe(502);
  });
});
