import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { createConnectionLimiter } from './door/connection-limiter.ts';
import { startHttpServer } from './http-server.ts';

/** Far longer than any test may take: what waits for it fails. */
const DRAIN_MS = 600_000;

async function start(
  application: Parameters<typeof startHttpServer>[0],
  limiter?: Parameters<typeof startHttpServer>[3],
) {
  const server = await startHttpServer(application, { host: '127.0.0.1', port: 0 }, () => 'req_1', limiter);
  return { server, url: `http://127.0.0.1:${server.port}` };
}

it('ends at once though a client has opened a connection ahead of its next request', async () => {
  const { server, url } = await start((_, response) => response.end());
  const client = connect(server.port, '127.0.0.1').resume();
  await once(client, 'connect');
  const ended = once(client, 'close');
  // An answer on another connection says that the server knows of both.
  await (await fetch(url)).text();
  server.stop(DRAIN_MS);
  await server.closed;
  await ended;
});

it('keeps connections that rest for longer than balancers do', async () => {
  const { server, url } = await start((_, response) => response.end());
  const answer = await fetch(url);
  // Google's keep theirs for 600 s, whatever is set.
  expect(Number(/timeout=(\d+)/.exec(answer.headers.get('keep-alive') ?? '')?.[1])).toBeGreaterThan(600);
  server.stop(DRAIN_MS);
  await server.closed;
});

it('lets a request that is under way finish', async () => {
  let finish = (): void => undefined;
  const { server, url } = await start((_, response) => {
    response.write('first ');
    finish = () => response.end('last');
  });
  const answer = await fetch(url);
  server.stop(DRAIN_MS);
  finish();
  expect(await answer.text()).toBe('first last');
  await server.closed;
});

it('breaks off a request that is not done when its time is over', async () => {
  const { server, url } = await start((_, response) => void response.write('first '));
  const answer = await fetch(url);
  server.stop(0);
  await expect(answer.text()).rejects.toThrow();
  await server.closed;
});

it('closes the oldest of too many connections', async () => {
  const { server } = await start((_, response) => response.end(), createConnectionLimiter(2));
  const open = async () => {
    const client = connect(server.port, '127.0.0.1').resume();
    await once(client, 'connect');
    return client;
  };
  const oldest = await open();
  const gone = once(oldest, 'close');
  const others = [await open(), await open()];
  await gone;
  for (const client of others) {
    client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await once(client, 'close');
  }
  server.stop(0);
  await server.closed;
});

it.each([
  ['what is no HTTP', 'GARBAGE\r\n\r\n', '400 Bad Request'],
  ['no Host header', 'GET / HTTP/1.1\r\n\r\n', '400 Bad Request'],
  ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n', '405 Method Not Allowed'],
  [
    'headers without end',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
    '431 Request Header',
  ],
])('answers %s in the form of its errors, with an id', async (_what, request, status) => {
  const { server } = await start((_request, response) => response.end());
  const client = connect(server.port, '127.0.0.1');
  let answer = '';
  client.on('data', (data) => (answer += data.toString()));
  client.write(request);
  await once(client, 'close');
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toContain(`HTTP/1.1 ${status}`);
  expect(head).toContain('request-id: req_1');
  expect(JSON.parse(body)).toMatchObject({ type: 'error', request_id: 'req_1' });
  server.stop(0);
  await server.closed;
});
