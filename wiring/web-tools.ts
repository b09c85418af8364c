import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { loadLargeStrings } from '../providers/blob/large-bodies.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import { createPublicHosts } from '../providers/network/public-hosts.ts';
import type { SandboxEnvironment } from '../providers/sandbox/environment.ts';
import type { SandboxDriver, SandboxSpec } from '../providers/sandbox/sandbox.ts';
import { createBraveSearch } from '../providers/search/brave.ts';
import { createSearxngSearch } from '../providers/search/searxng.ts';
import { createTavilySearch } from '../providers/search/tavily.ts';
import type { WebSearch } from '../providers/search/web-search.ts';
import type { Journal } from '../providers/store/journal.ts';
import { createHttpFetcher } from '../providers/web/http-fetcher.ts';
import type { PageReader } from '../providers/web/page-reader.ts';
import { limitOutput } from '../tools/long-output.ts';
import type { HostTool } from '../tools/tool.ts';
import { bringsUrl, urlBearer, type UrlSources } from '../tools/url-sources.ts';
import { createWebFetchTool } from '../tools/web-fetch.ts';
import { createWebSearchTool } from '../tools/web-search.ts';
import { networkSettings } from './network.ts';

const FETCH = { bytes: 10 * 1024 * 1024, totalMs: 30_000, redirects: 5 };
const PAGE = 500;

export interface WebToolsDeps {
  config: Config;
  log: Logger;
  driver: SandboxDriver;
  journal: Pick<Journal, 'eventsAfter'>;
  blobs: BlobStore;
  readPage: PageReader;
  environmentOf(spec: SandboxSpec): Promise<SandboxEnvironment>;
}

/** The search engine that the settings name, or null. */
export function searchEngine({ web_search: settings }: Config): WebSearch | null {
  const { provider, base_url: base } = settings;
  const baseUrl = base === null ? {} : { baseUrl: base };
  // The key may change while the process runs.
  const apiKey = (): string | null => settings.api_key;
  switch (provider) {
    case 'none':
      return null;
    case 'brave':
      return createBraveSearch({ apiKey, ...baseUrl });
    case 'tavily':
      return createTavilySearch({ apiKey, ...baseUrl });
    case 'searxng':
      return createSearxngSearch({ apiKey, baseUrl: base ?? '' });
  }
}

/** The tools of the web, for a worker that has sandboxes. */
export function webTools(deps: WebToolsDeps): HostTool[] {
  const { config, journal, blobs } = deps;

  async function isKnownUrl(spec: SandboxSpec, url: string, sources: UrlSources): Promise<boolean> {
    const tools = new Map<string, string>();
    for (let after = 0; ;) {
      const events = await journal.eventsAfter(spec.sessionId, after, PAGE);
      for (const event of events) {
        after = event.seq ?? after;
        const { name } = event.body;
        if (typeof name === 'string') tools.set(event.id, name);
        const bearer = urlBearer(event.type, event.body, (id) => tools.get(id) ?? null);
        if (bearer === null) continue;
        const whole = await loadLargeStrings(blobs, spec.workspaceId, event.body);
        if (bringsUrl(sources, { ...bearer, content: whole['content'] ?? null }, url)) return true;
      }
      if (events.length < PAGE) return false;
    }
  }

  const fetchTool = createWebFetchTool({
    fetcher: createHttpFetcher({
      hosts: createPublicHosts({
        privateNetworks: config.sandbox.private_networks,
        network: networkSettings(config),
      }),
      limits: FETCH,
      userAgent: 'Managed-Agent/0.1 (web_fetch)',
    }),
    readPage: deps.readPage,
    policyOf: async (spec) => (await deps.environmentOf(spec)).network,
    isKnownUrl,
    decided: ({ sessionId, workspaceId }, decision) =>
      deps.log.info(
        { session_id: sessionId, workspace_id: workspaceId, tool: 'web_fetch', ...decision },
        decision.decision === 'refused' ? 'egress refused' : 'egress',
      ),
    limitOutput: (call, text) =>
      limitOutput(deps.driver, call, text, config.sandbox.limits.output_characters),
  });
  const engine = searchEngine(config);
  return engine === null ? [fetchTool] : [fetchTool, createWebSearchTool(engine)];
}
