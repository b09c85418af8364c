import { z } from 'zod';
import type { EgressDecision } from '../providers/network/egress-decision.ts';
import type { NetworkPolicy } from '../providers/network/policy.ts';
import type { SandboxSpec } from '../providers/sandbox/sandbox.ts';
import type { PageReader } from '../providers/web/page-reader.ts';
import type { DomainRules, WebFetcher } from '../providers/web/web-fetcher.ts';
import { defineHostTool, failed, type HostCall, type HostTool } from './tool.ts';
import type { UrlSources } from './url-sources.ts';

/** What a token is counted as where no tokenizer is asked. */
const CHARACTERS_PER_TOKEN = 4;

export interface WebFetchDeps {
  fetcher: WebFetcher;
  readPage: PageReader;
  policyOf(spec: SandboxSpec): Promise<NetworkPolicy>;
  /** Whether a URL came into the session from where these rules want it. */
  isKnownUrl(spec: SandboxSpec, url: string, sources: UrlSources): Promise<boolean>;
  limitOutput(call: HostCall, text: string): Promise<string>;
  /** Told of every connection that a fetch asked for. */
  decided(spec: SandboxSpec, decision: EgressDecision): void;
}

function domainsOf(config: HostCall['config']): DomainRules {
  if (config?.name !== 'web_fetch') return {};
  return {
    ...(config.allowed_domains === undefined ? {} : { allowed: config.allowed_domains }),
    ...(config.blocked_domains === undefined ? {} : { blocked: config.blocked_domains }),
  };
}

/** Reads a page of the web. */
export function createWebFetchTool(deps: WebFetchDeps): HostTool {
  return defineHostTool({
    name: 'web_fetch',
    description:
      'Fetch a page or document from the web and read it as text: web pages as Markdown, PDF documents as their text. For files to work with, download them with bash instead.',
    input: z.strictObject({ url: z.string().min(1).max(8_192).describe('The URL to fetch, http or https.') }),
    async execute({ url }, call, signal) {
      const { config, spec } = call;
      const sources = config?.name === 'web_fetch' ? config.url_sources : null;
      if (sources != null && !(await deps.isKnownUrl(spec, url, sources))) {
        return failed(
          `url_not_allowed: ${url} did not come from a source that this agent may fetch from (url_sources).`,
        );
      }
      const policy = await deps.policyOf(spec);
      const decided = (decision: EgressDecision): void => deps.decided(spec, decision);
      const request = { url, policy, domains: domainsOf(config), asker: spec.sessionId, decided };
      const page = await deps.fetcher.fetch(request, signal);
      if ('refusal' in page) {
        const reason = page.reason === 'url_not_allowed' ? 'url_not_allowed: ' : '';
        return failed(`${reason}${url} was not fetched: ${page.refusal}.`);
      }
      const read = await deps.readPage(spec.workspaceId, page, signal);
      const isFailure = page.status >= 400;
      if ('refusal' in read) return failed(`${page.url} (status ${page.status}): ${read.refusal}.`);
      const heading = [
        ...(isFailure ? [`The server answered with status ${page.status}.`] : []),
        `Source: ${page.url}`,
        ...(read.title === null ? [] : [`Title: ${read.title}`]),
      ].join('\n');
      const tokens = config?.name === 'web_fetch' ? config.max_content_tokens : null;
      const most = tokens == null ? Number.POSITIVE_INFINITY : tokens * CHARACTERS_PER_TOKEN;
      const body =
        read.text.length <= most
          ? read.text
          : `${read.text.slice(0, most).toWellFormed()}\n[cut at max_content_tokens]`;
      const text = await deps.limitOutput(call, `${heading}\n\n${body}`.toWellFormed());
      return { content: [{ type: 'text', text }], isError: isFailure };
    },
  });
}
