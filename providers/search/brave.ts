import { z } from 'zod';

import { askEngine } from './ask-engine.ts';
import { queryWithDomains, withinDomains } from './domain-match.ts';
import { plainText } from './plain-text.ts';
import type { WebSearch } from './web-search.ts';

const MOST_RESULTS = 20;

const answerSchema = z.object({
  web: z
    .object({
      results: z.array(z.object({ title: z.string(), url: z.string(), description: z.string().optional() })),
    })
    .optional(),
});

/** Brave Search. */
export function createBraveSearch(options: { apiKey: () => string | null; baseUrl?: string }): WebSearch {
  return {
    name: 'brave',
    async search({ query, count, domains, country }, signal) {
      const url = new URL('/res/v1/web/search', options.baseUrl ?? 'https://api.search.brave.com');
      url.searchParams.set('q', queryWithDomains(query, domains));
      url.searchParams.set('count', String(Math.min(count, MOST_RESULTS)));
      if (country !== undefined) url.searchParams.set('country', country);
      const headers = { accept: 'application/json', 'x-subscription-token': options.apiKey() ?? '' };
      const { web } = await askEngine('Brave', url, { headers }, answerSchema, signal);
      const results = (web?.results ?? []).map((row) => ({
        title: plainText(row.title),
        url: row.url,
        snippet: plainText(row.description ?? ''),
      }));
      return withinDomains(results, domains).slice(0, count);
    },
  };
}
