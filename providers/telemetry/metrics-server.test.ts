import { request } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { startMetricsServer, type MetricsServer } from './metrics-server.ts';

const servers: MetricsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function statusFor(listensOn: string, name: string): Promise<number> {
  const metrics = { text: () => Promise.resolve('sessions 1'), contentType: 'text/plain' };
  const server = await startMetricsServer(metrics, { host: listensOn, port: 0 });
  servers.push(server);
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/metrics', headers: { host: name } };
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

it.each(['localhost:9000', '127.0.0.1:9000', '[::1]:9000', '127.0.0.1'])(
  'on loopback it answers those who ask for %s',
  async (name) => {
    expect(await statusFor('127.0.0.1', name)).toBe(200);
  },
);

it.each(['rebound.example:9000', 'localhost.rebound.example', '127.0.0.1.rebound.example'])(
  'on loopback it refuses a page that came by "%s"',
  async (name) => {
    expect(await statusFor('127.0.0.1', name)).toBe(403);
  },
);

it('elsewhere it answers by any name, as Prometheus asks', async () => {
  expect(await statusFor('0.0.0.0', 'worker.internal:9464')).toBe(200);
});
