import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startHttpProxy, type HttpProxy } from '../../test/doubles/http-proxy.ts';
import { outboundFetch } from './outbound-fetch.ts';

/** Answers as whatever host it is asked for: `model.test` exists nowhere else. */
let model: Server;
let proxy: HttpProxy;
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  model = createServer((incoming, response) => response.end(`${incoming.headers.host} says hello`));
  await once(model.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => model.close());
beforeEach(async () => {
  proxy = await startHttpProxy(portOf(model));
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toLowerCase(), undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  proxy.close();
});

it.each(['HTTP_PROXY', 'http_proxy'])('asks the proxy that %s names', async (variable) => {
  vi.stubEnv(variable, proxy.url);
  const answer = await outboundFetch()('http://model.test/v1/models');
  expect(await answer.text()).toBe('model.test says hello');
  expect(proxy.asked).toEqual(['GET http://model.test/v1/models']);
});

it('makes a tunnel through the proxy for https', async () => {
  vi.stubEnv('HTTPS_PROXY', proxy.url);
  // What is at its end speaks no TLS here, so this far is as far as it goes.
  await expect(outboundFetch()('https://model.test/')).rejects.toThrow('fetch failed');
  expect(proxy.asked).toEqual(['CONNECT model.test:443']);
});

it('keeps the limits of the connections on the way through a proxy', async () => {
  vi.stubEnv('HTTP_PROXY', proxy.url);
  const answer = await outboundFetch({ maxResponseSize: 4 })('http://model.test/');
  await expect(answer.text()).rejects.toThrow('terminated');
});

it('asks what NO_PROXY names itself', async () => {
  vi.stubEnv('HTTP_PROXY', proxy.url);
  vi.stubEnv('NO_PROXY', 'other.test,model.test');
  await expect(outboundFetch()('http://model.test/')).rejects.toThrow('fetch failed');
  expect(proxy.asked).toEqual([]);
});

it('asks this machine itself, whatever the proxy', async () => {
  vi.stubEnv('HTTP_PROXY', proxy.url);
  const answer = await outboundFetch()(`http://127.0.0.1:${portOf(model)}/`);
  expect(await answer.text()).toBe(`127.0.0.1:${portOf(model)} says hello`);
  expect(proxy.asked).toEqual([]);
});
