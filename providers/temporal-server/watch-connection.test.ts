import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { lazyConnection } from './client-connection.ts';
import { watchConnection } from './watch-connection.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});

async function listen(server: Server | Http2Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A server that gRPC connects to. */
async function startServer(port = 0) {
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server();
  server.on('session', (session) => sessions.add(session));
  const close = async (): Promise<void> => {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: await listen(server, port), sessions, close };
}

it('tells each time when the server is there again, and not the first time', async () => {
  let regained = 0;
  let server = await startServer();
  const connection = lazyConnection({ address: `127.0.0.1:${server.port}` });
  opened.push(connection);
  const unwatch = watchConnection(connection, () => void regained++);
  for (let time = 0; time < 2; time++) {
    await expect.poll(() => server.sessions.size, { timeout: 20_000 }).toBe(1);
    await expect.poll(() => regained, { timeout: 20_000 }).toBe(time);
    await server.close();
    server = await startServer(server.port);
  }
  opened.push(server);
  await expect.poll(() => regained, { timeout: 20_000 }).toBe(2);
  unwatch();
});

it('goes on trying a server that is away for long about once a second', async () => {
  const tries: number[] = [];
  const refusing = createServer((socket) => {
    tries.push(performance.now());
    socket.destroy();
  });
  const port = await listen(refusing);
  opened.push({ close: () => new Promise((resolve) => refusing.close(resolve)) });
  const connection = lazyConnection({ address: `127.0.0.1:${port}` });
  opened.push(connection);
  watchConnection(connection, () => undefined);
  await expect.poll(() => tries.length, { timeout: 50_000 }).toBeGreaterThanOrEqual(9);
  const gaps = tries.slice(5).map((at, index) => at - (tries[index + 4] ?? 0));
  // Half of them, since any may be late on a busy machine. The library's own would be at four seconds by then, and at fifteen soon after.
  expect(gaps.sort((a, b) => a - b)[1]).toBeLessThan(3_000);
});
