import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPublicHosts } from '../network/public-hosts.ts';
import type { EgressDecision } from '../network/egress-decision.ts';
import type { NetworkPolicy } from '../network/policy.ts';
import { createHttpFetcher } from './http-fetcher.ts';
import type { DomainRules, WebPage, WebRefusal } from './web-fetcher.ts';

describe('the HTTP fetcher', () => {
  let server: Server;
  let port = 0;
  const requests: { url: string; host: string }[] = [];
  const lookups: string[] = [];
  const decisions: EgressDecision[] = [];
  const routes: Record<string, (response: ServerResponse) => void> = {
    '/page': (response) =>
      response.writeHead(200, { 'content-type': 'Text/HTML; charset="UTF-8"' }).end('<p>hi</p>'),
    '/gzip': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed')),
    '/bomb': (response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_000_000))),
    '/corrupt': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no archive'),
    '/huge': (response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        response.once('drain', more);
      };
      more();
    },
    '/slow': (response) => response.writeHead(200).write('x'),
    '/missing': (response) => response.writeHead(404).end('not here'),
    '/loop': (response) => response.writeHead(302, { location: '/loop' }).end(),
    '/relative': (response) => response.writeHead(301, { location: 'page' }).end(),
    '/inward': (response) => response.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
    '/away': (response) => response.writeHead(302, { location: `http://other.example:${port}/page` }).end(),
    '/file': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  };
  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push({ url: request.url ?? '', host: request.headers.host ?? '' });
      (routes[request.url ?? ''] ?? routes['/missing'])?.(response);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const fetcher = createHttpFetcher({
    hosts: createPublicHosts({
      privateNetworks: ['127.0.0.1'],
      lookup: (host) => {
        lookups.push(host);
        if (host === 'mixed.example') return Promise.resolve(['127.0.0.1', '10.0.0.1']);
        if (host === 'gone.example')
          return Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
        if (host === 'silent.example') return new Promise(() => {});
        return Promise.resolve(['127.0.0.1']);
      },
    }),
    limits: { bytes: 1_000_000, totalMs: 1_000, redirects: 5 },
    userAgent: 'test',
  });
  const fetchPage = (
    url: string,
    policy: NetworkPolicy = { mode: 'unrestricted' },
    domains: DomainRules = {},
  ): Promise<WebPage | WebRefusal> =>
    fetcher.fetch(
      { url, policy, domains, asker: 'session', decided: (decision) => decisions.push(decision) },
      new AbortController().signal,
    );
  const at = (path: string, host = 'site.example'): string => `http://${host}:${port}${path}`;

  it('fetches a page under its name, which it resolves once', async () => {
    lookups.length = 0;
    const result = await fetchPage(`${at('/page')}#part`);
    expect(result).toMatchObject({ url: at('/page'), status: 200, mediaType: 'text/html', charset: 'utf-8' });
    expect(Buffer.from((result as WebPage).bytes).toString()).toBe('<p>hi</p>');
    expect(requests.at(-1)).toEqual({ url: '/page', host: `site.example:${port}` });
    expect(lookups).toEqual(['site.example']);
  });
  it('unpacks bodies, and gives statuses on', async () => {
    expect(Buffer.from(((await fetchPage(at('/gzip'))) as WebPage).bytes).toString()).toBe('packed');
    expect(await fetchPage(at('/missing'))).toMatchObject({ status: 404 });
  });
  it.each([
    ['/bomb', 'larger than'],
    ['/huge', 'larger than'],
    ['/slow', 'no answer within'],
    ['/corrupt', 'header'],
    ['/loop', 'more than 5 redirects'],
    ['http://silent.example/', 'no answer within'],
  ])('gives up on %s', async (path, words) => {
    expect(await fetchPage(path.startsWith('/') ? at(path) : path)).toMatchObject({
      reason: 'failed',
      refusal: expect.stringContaining(words),
    });
  });
  it('checks every redirect anew, and reports each decision', async () => {
    expect(await fetchPage(at('/relative'))).toMatchObject({ url: at('/page'), status: 200 });
    decisions.splice(0);
    expect(await fetchPage(at('/inward'))).toMatchObject({
      reason: 'url_not_allowed',
      refusal: expect.stringContaining('10.0.0.1'),
    });
    expect(decisions).toMatchObject([
      { host: 'site.example', port, decision: 'allowed', address: '127.0.0.1' },
      { host: '10.0.0.1', port: 80, decision: 'refused', reason: expect.stringContaining('10.0.0.1') },
    ]);
    expect(await fetchPage(at('/file'))).toMatchObject({ reason: 'url_not_allowed' });
    expect(await fetchPage(at('/away'), { mode: 'limited', hosts: ['site.example'] })).toMatchObject({
      reason: 'url_not_allowed',
      refusal: expect.stringContaining('allowed_hosts'),
    });
    expect(await fetchPage(at('/away'), undefined, { blocked: ['other.example'] })).toMatchObject({
      reason: 'url_not_allowed',
      refusal: expect.stringContaining('blocked_domains'),
    });
  });
  it.each([
    'http://10.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://0xa9fea9fe/',
    'http://169.254.169.254/latest/meta-data',
    'http://localhost/',
    'http://localhost./',
    'http://x.localhost/',
    'http://metadata.google.internal/',
    'http://mixed.example/',
    'http://user:pw@site.example/',
    'http://ok@10.0.0.1/',
    'file:///etc/passwd',
    'gopher://site.example/',
    'data:text/html,x',
  ])('never fetches %s', async (url) => {
    const before = requests.length;
    expect(await fetchPage(url)).toMatchObject({ reason: 'url_not_allowed' });
    expect(requests.length).toBe(before);
  });
  it('keeps to the domains of the agent', async () => {
    const allowed = { allowed: ['example.com', 'site.example'] };
    expect(await fetchPage(at('/page'), undefined, allowed)).toMatchObject({ status: 200 });
    expect(await fetchPage(at('/page', 'sub.site.example'), undefined, allowed)).toMatchObject({
      status: 200,
    });
    expect(await fetchPage(at('/page', 'badsite.example'), undefined, allowed)).toMatchObject({
      reason: 'url_not_allowed',
    });
    expect(
      await fetchPage(at('/page', 'sub.site.example'), undefined, { blocked: ['site.example'] }),
    ).toMatchObject({ reason: 'url_not_allowed' });
  });
  it('says what failed', async () => {
    expect(await fetchPage('http://gone.example/')).toMatchObject({
      reason: 'failed',
      refusal: expect.stringContaining('ENOTFOUND'),
    });
    expect(await fetchPage('no url')).toMatchObject({ reason: 'failed', refusal: 'it is no URL' });
  });
  it.each(['/slow', 'http://silent.example/'])('stops when its caller does: %s', async (to) => {
    const url = to.startsWith('/') ? at(to) : to;
    const abort = new AbortController();
    const fetching = fetcher.fetch(
      { url, policy: { mode: 'unrestricted' }, domains: {}, asker: 'session', decided: () => {} },
      abort.signal,
    );
    setTimeout(() => abort.abort(new Error('stopped')), 50);
    await expect(fetching).rejects.toThrow('stopped');
  });
});
