import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import {
  startCorporateProxy,
  type CorporateProxy,
  type CorporateProxyOptions,
} from '../../../test/doubles/corporate-proxy.ts';
import type { NetworkPolicy } from '../../network/policy.ts';
import { NO_NETWORK_SETTINGS, type NetworkSettings } from '../../network/proxy-route.ts';
import { createPublicHosts } from '../../network/public-hosts.ts';
import { createHttpFetcher } from '../../web/http-fetcher.ts';
import { createSessionProxy } from './session-proxy.ts';
import { exchange, openTunnel } from './testing/proxy-lab.ts';

const site = createServer((request, response) => {
  const { host, 'proxy-authorization': secret = 'none' } = request.headers;
  response.end(`${host} ${request.url} secret ${secret}`);
});
const open: { close(): unknown }[] = [site];
let port = 0;
beforeAll(async () => {
  await once(site.listen(0, '127.0.0.1'), 'listening');
  port = (site.address() as AddressInfo).port;
});
afterEach(() => {
  for (const one of open.splice(1)) one.close();
});
afterAll(() => site.close());

/** This host knows `public.example` and `inner.example`; the company’s proxy knows whatever it is asked for. */
const NAMES: Record<string, string[]> = { 'public.example': ['1.1.1.1'], 'inner.example': ['10.0.0.5'] };

async function behind(
  network: Partial<NetworkSettings> = {},
  options: Partial<CorporateProxyOptions> = {},
  policy: NetworkPolicy = { mode: 'unrestricted' },
): Promise<{
  company: CorporateProxy;
  ask(line: string, more?: string): Promise<string>;
  /** Opens a tunnel, and closes it. */
  tunnel(target: string): Promise<void>;
  fetched(url: string): Promise<string>;
}> {
  const company = await startCorporateProxy({ hosts: { '*': port }, ...options });
  const hosts = createPublicHosts({
    privateNetworks: [],
    lookup: async (name) => {
      const found = NAMES[name];
      if (found === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
      return found;
    },
    network: { ...NO_NETWORK_SETTINGS, httpProxy: company.url, httpsProxy: company.url, ...network },
  });
  const session = createSessionProxy({ policy, hosts, asker: 'session', decided: () => undefined });
  await once(session.listen(0, '127.0.0.1'), 'listening');
  open.push(company, session, { close: () => session.closeAllConnections() });
  const fetcher = createHttpFetcher({
    hosts,
    limits: { bytes: 100_000, totalMs: 5_000, redirects: 2 },
    userAgent: 'test',
  });
  return {
    company,
    ask: (line, more = '') =>
      exchange((session.address() as AddressInfo).port, `${line} HTTP/1.1\r\nHost: x\r\n${more}\r\n`),
    async tunnel(target) {
      (await openTunnel((session.address() as AddressInfo).port, target)).destroy();
    },
    async fetched(url) {
      const page = await fetcher.fetch(
        { url, policy, domains: {}, asker: 'session', decided: () => undefined },
        new AbortController().signal,
      );
      return 'refusal' in page ? page.refusal : Buffer.from(page.bytes).toString();
    },
  };
}

describe('the way of sandboxes and web_fetch through the proxy of the network', () => {
  it('asks for the checked address', async () => {
    const { company, ask, tunnel, fetched } = await behind({}, { credentials: 'me:password' });
    await tunnel('public.example:8080');
    expect(await ask('GET http://public.example/a', 'Connection: close\r\n')).toContain(
      'public.example /a secret none',
    );
    expect(await fetched('http://public.example/b')).toBe('public.example /b secret none');
    expect(new Set(company.asked)).toEqual(new Set(['CONNECT 1.1.1.1:8080', 'CONNECT 1.1.1.1:80']));
  });

  it('asks for the name where the proxy resolves, also for names that are known to it alone', async () => {
    const { company, ask, tunnel, fetched } = await behind(
      { proxyResolves: true },
      { credentials: 'me:password' },
    );
    expect(await ask('GET http://only-there.example/a', 'Connection: close\r\n')).toContain(
      'only-there.example /a secret none',
    );
    await tunnel('only-there.example:443');
    expect(await fetched('http://only-there.example/b')).toBe('only-there.example /b secret none');
    expect(company.asked).toEqual([
      'GET http://only-there.example/a',
      'CONNECT only-there.example:443',
      'GET http://only-there.example/b',
    ]);
  });

  it.each([false, true])('never leads inside, whoever resolves (%s)', async (proxyResolves) => {
    const { company, ask, fetched } = await behind({ proxyResolves });
    for (const host of [
      'inner.example',
      '10.0.0.5',
      '[::ffff:10.0.0.5]',
      '169.254.169.254',
      'localhost',
      '[fd00::1]',
    ]) {
      expect(await ask(`CONNECT ${host}:443`)).toMatch(/^HTTP\/1\.1 40[03]/);
      expect(await ask(`GET http://${host}/`)).toMatch(/^HTTP\/1\.1 40[03]/);
      expect(await fetched(`http://${host}/`)).toMatch(/not a public|no host/);
    }
    expect(company.asked).toEqual([]);
  });

  it('refuses names that only the proxy may know, and says which setting changes that', async () => {
    const { company, ask } = await behind();
    const seen = await ask('CONNECT only-there.example:443');
    expect(seen).toMatch(/^HTTP\/1\.1 502/);
    expect(seen).toContain('ENOTFOUND');
    expect(seen).toContain('network.proxy_resolves');
    expect(company.asked).toEqual([]);
  });

  it('never leads to the proxy itself', async () => {
    NAMES['proxy.example'] = ['1.0.0.1'];
    NAMES['alias.example'] = ['1.0.0.1'];
    const url = 'http://me:password@proxy.example:3128';
    const { ask } = await behind({ httpProxy: url, httpsProxy: url, noProxy: ['alias.example'] });
    for (const host of ['proxy.example', 'alias.example', '1.0.0.1']) {
      expect(await ask(`CONNECT ${host}:3128`)).toContain('it is the proxy of the network itself');
    }
  });

  it('asks for nothing that the environment does not allow', async () => {
    const policy = { mode: 'limited' as const, hosts: ['public.example'] };
    const { company, ask } = await behind({ proxyResolves: true }, {}, policy);
    expect(await ask('CONNECT other.example:443')).toMatch(/^HTTP\/1\.1 403/);
    expect(company.asked).toEqual([]);
    expect(await ask('GET http://public.example/', 'Connection: close\r\n')).toContain('public.example / ');
  });

  it.each([407, 403, 502])('says what a proxy that answers %d wants, and no password', async (answers) => {
    const options = { answers, credentials: 'me:s3cr3t' };
    for (const proxyResolves of [false, true]) {
      const { company, ask, fetched } = await behind({ proxyResolves }, options);
      const seen = await ask('CONNECT public.example:443');
      expect(seen).toMatch(/^HTTP\/1\.1 502/);
      expect(seen).toContain(`the HTTP proxy 127.0.0.1:${company.port} answered ${answers}`);
      const fetching = await fetched('https://public.example/');
      expect(fetching).toContain(`the HTTP proxy 127.0.0.1:${company.port} answered ${answers}`);
      if (answers === 407) {
        expect(await ask('GET http://public.example/')).toContain('answered 407');
        expect(await fetched('http://public.example/')).toContain('answered 407');
      }
      expect(seen + fetching).not.toContain('s3cr3t');
    }
  });

  it('is direct for what network.no_proxy names, with all checks', async () => {
    const { company, ask } = await behind({ noProxy: ['.example'], proxyResolves: true });
    expect(await ask('CONNECT inner.example:443')).toMatch(/^HTTP\/1\.1 403/);
    expect(await ask('CONNECT only-there.example:443')).toMatch(/^HTTP\/1\.1 502/);
    expect(company.asked).toEqual([]);
  });
});
