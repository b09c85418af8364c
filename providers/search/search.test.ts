import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { isAppError } from '../../core/errors.ts';
import { createBraveSearch } from './brave.ts';
import { isWithin } from './domain-match.ts';
import { plainText } from './plain-text.ts';
import { createSearxngSearch } from './searxng.ts';
import { createTavilySearch } from './tavily.ts';
import type { SearchQuery, WebSearch } from './web-search.ts';

const FOUND = [
  {
    title: 'A <strong>first</strong> page',
    url: 'https://docs.example.com/guide/one',
    text: 'Tom &amp; Jerry&#39;s <b>tale</b>',
  },
  { title: 'Second', url: 'https://example.com/two', text: 'two' },
  { title: 'Third', url: 'https://other.org/three', text: 'three' },
];

describe('search engines', () => {
  let server: Server;
  let baseUrl = '';
  let seen: { url: URL; headers: IncomingMessage['headers']; body: string };
  let answer: { status: number; headers?: Record<string, string>; body?: string };
  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        seen = { url: new URL(request.url ?? '', baseUrl), headers: request.headers, body };
        const rows = FOUND.map((row) => ({
          title: row.title,
          url: row.url,
          description: row.text,
          content: row.text,
        }));
        const shape = seen.url.pathname.startsWith('/res/') ? { web: { results: rows } } : { results: rows };
        response.writeHead(answer.status, answer.headers).end(answer.body ?? JSON.stringify(shape));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    answer = { status: 200 };
  });

  const engines: Record<string, () => WebSearch> = {
    brave: () => createBraveSearch({ apiKey: () => 'secret', baseUrl }),
    tavily: () => createTavilySearch({ apiKey: () => 'secret', baseUrl }),
    searxng: () => createSearxngSearch({ apiKey: () => 'secret', baseUrl }),
  };
  const ask = (name: string, query: Partial<SearchQuery> = {}) =>
    (engines[name] ?? engines['brave'])?.().search(
      { query: 'what is it', count: 10, domains: {}, ...query },
      new AbortController().signal,
    ) ?? Promise.resolve([]);

  describe.each(Object.keys(engines))('%s', (name) => {
    it('asks with its key and returns results in order', async () => {
      const results = await ask(name);
      expect(results.map(({ url }) => url)).toEqual(FOUND.map(({ url }) => url));
      expect(`${seen.headers.authorization} ${String(seen.headers['x-subscription-token'])}`).toContain(
        'secret',
      );
      expect(`${seen.url.searchParams.get('q')} ${seen.body}`).toContain('what is it');
      expect(await ask(name, { count: 2 })).toHaveLength(2);
    });
    it('keeps to the domain rules, also when the engine does not', async () => {
      expect((await ask(name, { domains: { allowed: ['example.com'] } })).map(({ url }) => url)).toEqual([
        'https://docs.example.com/guide/one',
        'https://example.com/two',
      ]);
      expect(
        (await ask(name, { domains: { allowed: ['docs.example.com/guide'] } })).map(({ url }) => url),
      ).toEqual(['https://docs.example.com/guide/one']);
      expect((await ask(name, { domains: { blocked: ['example.com'] } })).map(({ url }) => url)).toEqual([
        'https://other.org/three',
      ]);
    });
    it('says when the engine refuses, is not understood, or cannot be reached', async () => {
      const failure = (words: string) => (error: unknown) =>
        isAppError(error) && error.code === 'unavailable' && error.message.includes(words);
      answer = { status: 429, headers: { 'retry-after': '7' }, body: '{}' };
      await expect(ask(name)).rejects.toSatisfy(
        (error) => failure('429')(error) && isAppError(error) && error.retryAfterMs === 7_000,
      );
      answer = { status: 200, body: '<html>' };
      await expect(ask(name)).rejects.toSatisfy(failure('no JSON'));
      answer = { status: 200, body: '{"web": 5, "results": 5}' };
      await expect(ask(name)).rejects.toSatisfy(failure('unknown form'));
      const broken = { brave: createBraveSearch, tavily: createTavilySearch, searxng: createSearxngSearch }[
        name as 'brave'
      ]({ apiKey: () => 'x', baseUrl: 'http://127.0.0.1:1' });
      await expect(
        broken.search({ query: 'x', count: 1, domains: {} }, new AbortController().signal),
      ).rejects.toSatisfy(failure('cannot be reached'));
    });
  });

  it('that write HTML are read as text', async () => {
    expect((await ask('brave'))[0]).toMatchObject({ title: 'A first page', snippet: "Tom & Jerry's tale" });
    expect(plainText('a &lt;b&gt; &#x41; &unknown; &#99999999;')).toBe('a <b> A &unknown; &#99999999;');
  });

  it('are read in time that grows with their length only, whatever it is that they found', () => {
    const text = '<a'.repeat(500_000);
    expect(plainText(text)).toBe(text);
  });
});

it('a domain covers its subdomains and the beginning of a path', () => {
  expect(isWithin('https://a.example.com/x/y', 'example.com/x')).toBe(true);
  expect(isWithin('https://badexample.com/', 'example.com')).toBe(false);
  expect(isWithin('no url', 'example.com')).toBe(false);
});
