import { z } from 'zod';

import { askEngine } from './ask-engine.ts';
import { withinDomains } from './domain-match.ts';
import type { WebSearch } from './web-search.ts';

const answerSchema = z.object({
  results: z.array(z.object({ title: z.string(), url: z.string(), content: z.string() })),
});

/** Tavily. */
export function createTavilySearch(options: { apiKey: () => string | null; baseUrl?: string }): WebSearch {
  return {
    name: 'tavily',
    async search({ query, count, domains }, signal) {
      const url = new URL('/search', options.baseUrl ?? 'https://api.tavily.com');
      // The engine filters by host; paths are looked at afterwards.
      const hosts = (list: readonly string[]): string[] => [
        ...new Set(list.map((domain) => domain.split('/')[0] ?? '')),
      ];
      const body = {
        query,
        max_results: count,
        ...(domains.allowed === undefined ? {} : { include_domains: hosts(domains.allowed) }),
        ...(domains.blocked === undefined
          ? {}
          : { exclude_domains: domains.blocked.filter((domain) => !domain.includes('/')) }),
      };
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${options.apiKey() ?? ''}` },
        body: JSON.stringify(body),
      };
      const { results } = await askEngine('Tavily', url, init, answerSchema, signal);
      const rows = results.map(({ title, url: link, content }) => ({ title, url: link, snippet: content }));
      return withinDomains(rows, domains).slice(0, count);
    },
  };
}
