import { describe, expect, it } from 'vitest';

import { AppError } from '../core/errors.ts';
import { createInMemorySandboxDriver } from '../providers/sandbox/in-memory.ts';
import type { SearchQuery, SearchResult } from '../providers/search/web-search.ts';
import { pageText } from '../providers/web/page-text.ts';
import type { WebPage, WebRefusal, WebRequest } from '../providers/web/web-fetcher.ts';
import { limitOutput } from './long-output.ts';
import type { ToolConfig } from './tool.ts';
import type { ToolResult } from './tool-runner.ts';
import { bringsUrl, urlBearer, type UrlSources } from './url-sources.ts';
import { createWebFetchTool } from './web-fetch.ts';
import { createWebSearchTool } from './web-search.ts';

const spec = { workspaceId: 'wrk', sessionId: 'sesn_1', environmentId: 'env_1' };
const switches = { enabled: true, permission_policy: { type: 'always_allow' } } as const;
const { signal } = new AbortController();
const textOf = (result: ToolResult): string =>
  result.content.map((block) => (block.type === 'text' ? block.text : '')).join('');

describe('web_fetch', () => {
  const driver = createInMemorySandboxDriver();
  let page: WebPage | WebRefusal;
  let asked: WebRequest | undefined;
  const decisions: string[] = [];
  const tool = createWebFetchTool({
    fetcher: {
      fetch(request) {
        asked = request;
        request.decided({ host: 'site.example', port: 443, decision: 'allowed' });
        return Promise.resolve(page);
      },
    },
    readPage: async (_workspaceId, source) => pageText(source),
    policyOf: () => Promise.resolve({ mode: 'limited', hosts: ['site.example'] }),
    isKnownUrl: (_spec, url) => Promise.resolve(url.includes('known')),
    limitOutput: (call, text) => limitOutput(driver, call, text, 1_000),
    decided: ({ sessionId }, { host, decision }) => decisions.push(`${sessionId} ${host} ${decision}`),
  });
  const html = (content: string, status = 200): WebPage => ({
    url: 'https://site.example/end',
    status,
    mediaType: 'text/html',
    charset: '',
    bytes: Buffer.from(content),
  });
  const run = (
    url: string,
    config?: Partial<Extract<NonNullable<ToolConfig>, { name: 'web_fetch' }>>,
  ): Promise<ToolResult> => {
    const entry = config && {
      name: 'web_fetch' as const,
      type: 'web_fetch' as const,
      ...switches,
      url_sources: null,
      ...config,
    };
    return tool.execute({ url }, { spec, toolUseId: 'sevt_fetch', config: entry }, signal);
  };

  it('gives the page as text, with where it came from', async () => {
    page = html('<title>A page</title><h1>Hello</h1>');
    expect(await run('https://site.example/')).toEqual({
      content: [{ type: 'text', text: 'Source: https://site.example/end\nTitle: A page\n\n# Hello' }],
      isError: false,
    });
    expect(asked).toMatchObject({
      url: 'https://site.example/',
      policy: { mode: 'limited', hosts: ['site.example'] },
      domains: {},
    });
  });
  it('reports where it connects, with the session', async () => {
    page = html('<p>hello</p>');
    decisions.splice(0);
    await run('https://site.example/');
    expect(decisions).toEqual(['sesn_1 site.example allowed']);
  });
  it("keeps to the agent's domains and sources", async () => {
    page = html('x');
    await run('https://site.example/known', {
      allowed_domains: ['a.example'],
      url_sources: { client_tool_results: null, server_tool_results: null, user_input: { type: 'none' } },
    });
    expect(asked?.domains).toEqual({ allowed: ['a.example'] });
    const unknown = await run('https://site.example/other', {
      url_sources: { client_tool_results: null, server_tool_results: null, user_input: { type: 'none' } },
    });
    expect(unknown.isError).toBe(true);
    expect(textOf(unknown)).toContain('url_not_allowed');
  });
  it('says why a page was not fetched, or could not be read', async () => {
    page = { refusal: 'x.example is in blocked_domains', reason: 'url_not_allowed' };
    expect(textOf(await run('https://x.example/'))).toMatch(/^url_not_allowed: .*blocked_domains/);
    page = { refusal: 'no answer within 30 s', reason: 'failed' };
    expect(textOf(await run('https://x.example/'))).not.toContain('url_not_allowed');
    page = { ...html(''), mediaType: 'image/png' };
    expect(await run('https://x.example/')).toMatchObject({ isError: true });
    page = html('<p>gone</p>', 404);
    const missing = await run('https://x.example/');
    expect(missing.isError).toBe(true);
    expect(textOf(missing)).toMatch(/status 404[^]*gone/);
  });
  it('cuts at max_content_tokens, and puts a long page into a file', async () => {
    page = html(`<p>${'word '.repeat(100)}</p>`);
    expect(textOf(await run('https://x.example/', { max_content_tokens: 10 }))).toMatch(
      /\n\n(word ){8}\n\[cut at max_content_tokens\]$/,
    );
    page = html(`<p>${'word '.repeat(1_000)}</p>`);
    const long = textOf(await run('https://x.example/'));
    expect(long.length).toBeLessThan(1_000);
    const path = /saved at (\S+)\]/.exec(long)?.[1] ?? '';
    const saved = await driver
      .open(spec)
      .call({ id: 'sevt_read', operation: { type: 'read', path } }, 'start');
    expect(saved).toMatchObject({ result: { text: expect.stringMatching(/(word ){900}/) } });
  });
  it('takes a URL and nothing else', async () => {
    for (const input of [{}, { url: '' }, { url: 5 }, { url: 'x', method: 'POST' }]) {
      expect(await tool.execute(input, { spec, toolUseId: 'x', config: undefined }, signal)).toMatchObject({
        isError: true,
      });
    }
  });
});

describe('the sources of URLs', () => {
  const url = 'https://site.example/page';
  const sources = (partial: Partial<UrlSources>): UrlSources => ({
    client_tool_results: { type: 'all' },
    server_tool_results: { type: 'all' },
    user_input: { type: 'all' },
    ...partial,
  });
  const say = (text: string) => [{ type: 'text', text }];
  const toolOf = (id: string): string | null => ({ use1: 'bash', use2: 'lookup' })[id] ?? null;
  const from = (type: string, body: object) => urlBearer(type, { ...body }, toolOf);

  it("are user messages, results of the client's tools and results of ours, each by its rule", () => {
    const user = from('user.message', { content: say(`see ${url}, please`) });
    const ours = from('agent.tool_result', { tool_use_id: 'use1', content: say(`found ${url}`) });
    const client = from('user.custom_tool_result', { custom_tool_use_id: 'use2', content: say(url) });
    expect(from('agent.message', { content: say(url) })).toBeNull();
    const bearers = { user, ours, client };
    for (const bearer of Object.values(bearers))
      expect(bearer && bringsUrl(sources({}), bearer, url)).toBe(true);
    expect(user && bringsUrl(sources({ user_input: { type: 'none' } }), user, url)).toBe(false);
    const only = (name: string) => ({
      type: 'only' as const,
      tools: [{ type: 'tool_reference' as const, name }],
    });
    expect(ours && bringsUrl(sources({ server_tool_results: only('bash') }), ours, url)).toBe(true);
    expect(ours && bringsUrl(sources({ server_tool_results: only('grep') }), ours, url)).toBe(false);
    expect(
      client &&
        bringsUrl(sources({ client_tool_results: { ...only('lookup'), type: 'except' } }), client, url),
    ).toBe(false);
  });
  it('bring a URL in any of its spellings, and no other', () => {
    const bearer = from('user.message', {
      content: say('HTTPS://Site.example/page and https://bare.example'),
    });
    if (bearer === null) throw new Error('a user message brings URLs');
    expect(bringsUrl(sources({}), bearer, 'https://bare.example/')).toBe(true);
    expect(bringsUrl(sources({}), bearer, 'https://bare.example/#part')).toBe(true);
    expect(bringsUrl(sources({}), bearer, 'https://other.example/')).toBe(false);
  });
});

describe('web_search', () => {
  let results: SearchResult[] | Error;
  let asked: SearchQuery | undefined;
  const tool = createWebSearchTool({
    name: 'brave',
    search(query) {
      asked = query;
      return results instanceof Error ? Promise.reject(results) : Promise.resolve(results);
    },
  });

  it('lists what was found', async () => {
    results = [
      { title: 'One', url: 'https://one.example/', snippet: 'first' },
      { title: 'Two', url: 'https://two.example/', snippet: 'second' },
    ];
    const config = {
      name: 'web_search',
      type: 'web_search',
      ...switches,
      blocked_domains: ['x.example'],
      user_location: { type: 'approximate', country: 'DE', city: null, region: null, timezone: null },
    } as const;
    const result = await tool.execute(
      { query: ' cats ' },
      { spec, toolUseId: 'x', config: { ...config, blocked_domains: [...config.blocked_domains] } },
      signal,
    );
    expect(textOf(result)).toBe(
      '1. One\n   https://one.example/\n   first\n\n2. Two\n   https://two.example/\n   second',
    );
    expect(asked).toMatchObject({ query: 'cats', domains: { blocked: ['x.example'] }, country: 'DE' });
  });
  it('says that nothing was found, and that the engine failed', async () => {
    const call = { spec, toolUseId: 'x', config: undefined };
    results = [];
    expect(await tool.execute({ query: 'cats' }, call, signal)).toMatchObject({ isError: true });
    results = new AppError('unavailable', 'The search engine Brave answered 500.');
    expect(textOf(await tool.execute({ query: 'cats' }, call, signal))).toContain('answered 500');
  });
});
