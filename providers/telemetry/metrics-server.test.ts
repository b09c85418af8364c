import { request } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { startMetricsServer, type MetricsServer, type ServedByWorker } from './metrics-server.ts';

const servers: MetricsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(listensOn: string, served: Partial<ServedByWorker> = {}): Promise<MetricsServer> {
  const server = await startMetricsServer(
    {
      metrics: { text: () => Promise.resolve('sessions 1'), contentType: 'text/plain' },
      readiness: { report: async () => ({ ready: true, checks: {} }) },
      status: { report: async () => ({ status: 'ok', parts: {} }) },
      ...served,
    },
    { host: listensOn, port: 0 },
  );
  servers.push(server);
  return server;
}

async function statusFor(listensOn: string, name: string): Promise<number> {
  const server = await serve(listensOn);
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

it('answers probes as the api does', async () => {
  const report = { ready: false, checks: { database: { ok: false, detail: 'It does not answer.' } } };
  const { url } = await serve('127.0.0.1', {
    metrics: null,
    readiness: { report: async () => report },
    status: { report: async () => ({ status: 'down', parts: { brains: { state: 'down' } } }) },
  });
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(new URL(path, url), { method });
    return [answer.status, await answer.text()];
  };
  expect(await ask('/livez')).toEqual([200, '{"status":"ok"}']);
  expect(await ask('/healthz')).toEqual([200, '{"status":"ok"}']);
  expect(await ask('/readyz', 'HEAD')).toEqual([503, '']);
  expect(await ask('/readyz?verbose')).toEqual([
    503,
    JSON.stringify({ status: 'not_ready', checks: report.checks }),
  ]);
  expect(await ask('/status')).toEqual([
    503,
    JSON.stringify({ status: 'down', parts: { brains: { state: 'down' } } }),
  ]);
  expect((await ask('/metrics'))[0]).toBe(404);
  expect((await ask('/livez', 'POST'))[0]).toBe(405);
});
