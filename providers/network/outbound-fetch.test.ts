import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  makeAuthority,
  startCorporateProxy,
  type CompanyAuthority,
  type CorporateProxy,
  type CorporateProxyOptions,
} from '../../test/doubles/corporate-proxy.ts';
import { outboundHttpsAgent } from './outbound-agents.ts';
import { outboundFetch } from './outbound-fetch.ts';
import { useNetwork } from './outbound-network.ts';
import { NO_NETWORK_SETTINGS, type NetworkSettings } from './proxy-route.ts';

/** Answers as whatever host it is asked for: `model.test` exists nowhere else. */
let model: Server;
let secureModel: Server;
let company: CompanyAuthority;
const open: CorporateProxy[] = [];
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  company = makeAuthority();
  model = createServer((incoming, response) => response.end(`${incoming.headers.host} says hello`));
  secureModel = createTlsServer(company.issue('model.test'), (incoming, response) =>
    response.end(`${incoming.headers.host} says hello in secret`),
  );
  for (const server of [model, secureModel]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  model.close();
  secureModel.close();
  company.remove();
});
afterEach(() => {
  useNetwork(NO_NETWORK_SETTINGS);
  for (const proxy of open.splice(0)) proxy.close();
});

async function behind(
  options: Partial<CorporateProxyOptions> = {},
  more: Partial<NetworkSettings> = {},
): Promise<CorporateProxy> {
  const hosts = { 'model.test:443': portOf(secureModel), 'model.test': portOf(model) };
  const proxy = await startCorporateProxy({ hosts, ...options });
  open.push(proxy);
  useNetwork({
    ...NO_NETWORK_SETTINGS,
    httpProxy: proxy.url,
    httpsProxy: proxy.url,
    authorities: company.pem,
    ...more,
  });
  return proxy;
}

/** What went wrong, with all of its causes. */
async function failureOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('it held'),
    (reason: unknown) => reason,
  );
  const words: string[] = [];
  for (let one = error; one instanceof Error; one = one.cause) words.push(one.message);
  return words.join(': ');
}

async function askedByAgent(url: string): Promise<string> {
  const request = httpsRequest(url, { agent: outboundHttpsAgent() }).end();
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
  return text(response);
}

it('asks the proxy for plain HTTP in plain words', async () => {
  const proxy = await behind();
  const answer = await outboundFetch()('http://model.test/v1/models');
  expect(await answer.text()).toBe('model.test says hello');
  expect(proxy.asked).toEqual(['GET http://model.test/v1/models']);
});

it.each<[kind: string, options: () => Partial<CorporateProxyOptions>]>([
  ['an open one', () => ({})],
  ['one that wants a password', () => ({ credentials: 'me:password' })],
  ['one that inspects TLS', () => ({ inspectsWith: company, hosts: { 'model.test': portOf(model) } })],
  ['one that is reached by TLS', () => ({ tls: company })],
])('makes a tunnel for https through %s', async (_kind, options) => {
  const proxy = await behind(options());
  const answer = await outboundFetch()('https://model.test/');
  expect(await answer.text()).toMatch(/^model\.test says hello/);
  expect(await askedByAgent('https://model.test/')).toMatch(/^model\.test says hello/);
  expect(proxy.asked).toEqual(['CONNECT model.test:443', 'CONNECT model.test:443']);
});

it('sends users and passwords as they are meant, where they are escaped in the URL', async () => {
  const proxy = await behind({ credentials: 'domain\\me:p@ss:w/rd' });
  const url = `http://domain%5Cme:p%40ss%3Aw%2Frd@127.0.0.1:${proxy.port}`;
  useNetwork({ ...NO_NETWORK_SETTINGS, httpsProxy: url, httpProxy: url, authorities: company.pem });
  expect((await outboundFetch()('https://model.test/')).status).toBe(200);
  expect((await outboundFetch()('http://model.test/')).status).toBe(200);
});

it('trusts an authority of the company only where it is named, and then besides the public ones', async () => {
  await behind({}, { authorities: null });
  expect(await failureOf(outboundFetch()('https://model.test/'))).toMatch(/self-signed|unable to/);
  expect(await failureOf(askedByAgent('https://model.test/'))).toMatch(/self-signed|unable to/);
});

it.each<[answers: number | 'hang', scheme: string, expected: RegExp]>([
  [
    407,
    'https',
    /the HTTP proxy 127\.0\.0\.1:\d+ answered 407 for model\.test:443; set a user and a password/,
  ],
  [407, 'http', /the HTTP proxy 127\.0\.0\.1:\d+ answered 407 for model\.test; set a user and a password/],
  [403, 'https', /the HTTP proxy 127\.0\.0\.1:\d+ answered 403 for model\.test:443; let it allow this host/],
  [
    502,
    'https',
    /the HTTP proxy 127\.0\.0\.1:\d+ answered 502 for model\.test:443; it cannot reach the host/,
  ],
])('says what a proxy that answers %s to %s wants, and no password', async (answers, scheme, expected) => {
  await behind({ answers, credentials: 'me:s3cr3tword' });
  const failure = await failureOf(outboundFetch()(`${scheme}://model.test/`));
  expect(failure).toMatch(expected);
  expect(failure).not.toContain('s3cr3tword');
  if (scheme === 'https') expect(await failureOf(askedByAgent('https://model.test/'))).toMatch(expected);
});

it('says which proxy cannot be reached', async () => {
  const proxy = await behind();
  proxy.close();
  expect(await failureOf(outboundFetch()('https://model.test/'))).toMatch(
    new RegExp(`the HTTP proxy 127\\.0\\.0\\.1:${proxy.port} cannot be reached: .*ECONNREFUSED`),
  );
});

it('is given up with its signal, also while the proxy says nothing', async () => {
  await behind({ answers: 'hang' });
  const abort = new AbortController();
  const asked = outboundFetch()('https://model.test/', { signal: abort.signal });
  abort.abort(new Error('stopped'));
  expect(await failureOf(asked)).toBe('stopped');
});

it('keeps the limits of the connections on the way through a proxy', async () => {
  await behind();
  for (const url of ['http://model.test/', 'https://model.test/']) {
    const answer = await outboundFetch({ maxResponseSize: 4 })(url);
    await expect(answer.text()).rejects.toThrow('terminated');
  }
});

it('asks what needs no proxy itself: by its list, and this machine', async () => {
  const proxy = await behind({}, { noProxy: ['other.test', '.test:443'] });
  expect(await failureOf(outboundFetch()('https://model.test/'))).toMatch(/ENOTFOUND|EAI_AGAIN/);
  const answer = await outboundFetch()(`http://127.0.0.1:${portOf(model)}/`);
  expect(await answer.text()).toBe(`127.0.0.1:${portOf(model)} says hello`);
  expect(proxy.asked).toEqual([]);
});
