import { z } from 'zod';

import { askEngine } from './ask-engine.ts';
import { queryWithDomains, withinDomains } from './domain-match.ts';
import { plainText } from './plain-text.ts';
import type { WebSearch } from './web-search.ts';

const answerSchema = z.object({
  results: z.array(z.object({ title: z.string(), url: z.string(), content: z.string().nullish() })),
});

/** A SearXNG instance; its `search.formats` must include json. */
export function createSearxngSearch(options: { baseUrl: string; apiKey: () => string | null }): WebSearch {
  return {
    name: 'searxng',
    async search({ query, count, domains, country }, signal) {
      const url = new URL('search', options.baseUrl.endsWith('/') ? options.baseUrl : `${options.baseUrl}/`);
      url.searchParams.set('q', queryWithDomains(query, domains));
      url.searchParams.set('format', 'json');
      if (country !== undefined) url.searchParams.set('language', `en-${country}`);
      const headers: Record<string, string> = { accept: 'application/json' };
      const key = options.apiKey();
      if (key !== null) headers['authorization'] = `Bearer ${key}`;
      const { results } = await askEngine('SearXNG', url, { headers }, answerSchema, signal);
      const rows = results.map((row) => ({
        title: plainText(row.title),
        url: row.url,
        snippet: plainText(row.content ?? ''),
      }));
      return withinDomains(rows, domains).slice(0, count);
    },
  };
}
