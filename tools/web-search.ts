import { z } from 'zod';
import { isAppError } from '../core/errors.ts';
import type { SearchDomainRules, SearchResult, WebSearch } from '../providers/search/web-search.ts';
import { defineHostTool, failed, type HostCall, type HostTool } from './tool.ts';

const RESULTS = 10;

function rulesOf(config: HostCall['config']): { domains: SearchDomainRules; country?: string } {
  if (config?.name !== 'web_search') return { domains: {} };
  const { allowed_domains: allowed, blocked_domains: blocked, user_location: location } = config;
  return {
    domains: { ...(allowed === undefined ? {} : { allowed }), ...(blocked === undefined ? {} : { blocked }) },
    ...(location?.country == null ? {} : { country: location.country }),
  };
}

/** Searches the web with the engine that the operator configured. */
export function createWebSearchTool(engine: WebSearch): HostTool {
  return defineHostTool({
    name: 'web_search',
    description: 'Search the web. Answers with titles, addresses and snippets; read a page with web_fetch.',
    input: z.strictObject({ query: z.string().trim().min(1).max(1_000).describe('What to search for.') }),
    async execute({ query }, { config }, signal) {
      let results: SearchResult[];
      try {
        results = await engine.search({ query, count: RESULTS, ...rulesOf(config) }, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isAppError(error)) return failed(error.message);
        throw error;
      }
      if (results.length === 0) return failed(`Nothing was found for ${JSON.stringify(query)}.`);
      const rows = results.map(
        ({ title, url, snippet }, index) => `${index + 1}. ${title}\n   ${url}\n   ${snippet}`,
      );
      return { content: [{ type: 'text', text: rows.join('\n\n').toWellFormed() }], isError: false };
    },
  });
}
