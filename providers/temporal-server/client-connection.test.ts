import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { lazyConnection } from './client-connection.ts';

const shown: (string | undefined)[] = [];
let server: Http2Server;
beforeAll(async () => {
  // A gRPC server that answers everything with an empty message.
  server = createServer();
  server.on('stream', (stream, headers) => {
    shown.push(headers.authorization);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

it('shows the key that there is at each request', async () => {
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  let key = 'first';
  const connection = lazyConnection({ address, apiKey: key, tls: false }, () => key);
  await connection.workflowService.getSystemInfo({});
  const before = shown.length;
  key = 'second';
  await connection.workflowService.getSystemInfo({});
  expect(shown.slice(0, before).at(-1)).toBe('Bearer first');
  expect(shown.slice(before)).toEqual(['Bearer second']);
  await connection.close();
});

it('goes by no proxy of the environment, as the connection of a worker', async () => {
  for (const variable of ['grpc_proxy', 'https_proxy', 'http_proxy'])
    vi.stubEnv(variable, 'http://127.0.0.1:1');
  const address = `localhost:${(server.address() as AddressInfo).port}`;
  const connection = lazyConnection({ address, tls: false });
  await expect(connection.workflowService.getSystemInfo({})).resolves.toBeDefined();
  await connection.close();
  vi.unstubAllEnvs();
});
