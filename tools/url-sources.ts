import type { Json, JsonObject } from '../core/json.ts';
import type { ToolConfig } from './tool.ts';

type WebFetchConfig = Extract<NonNullable<ToolConfig>, { name: 'web_fetch' }>;
/** From what a URL must come to be fetched, resolved; null: from anywhere. */
export type UrlSources = NonNullable<WebFetchConfig['url_sources']>;

/** One event of a session, as far as it can bring a URL. `tool` is the tool whose result it is. */
export interface UrlBearer {
  kind: 'user_input' | 'client_tool_results' | 'server_tool_results';
  tool: string | null;
  content: Json;
}

/** What an event of the session can bring, or null. `toolOf` names the tool of a tool-use event. */
export function urlBearer(
  type: string,
  body: JsonObject,
  toolOf: (eventId: string) => string | null,
): UrlBearer | null {
  const content = body['content'] ?? null;
  const named = (key: string): string | null => {
    const id = body[key];
    return typeof id === 'string' ? toolOf(id) : null;
  };
  switch (type) {
    case 'user.message':
    case 'system.message':
      return { kind: 'user_input', tool: null, content };
    case 'user.custom_tool_result':
      return { kind: 'client_tool_results', tool: named('custom_tool_use_id'), content };
    case 'agent.tool_result':
      return { kind: 'server_tool_results', tool: named('tool_use_id'), content };
    case 'agent.mcp_tool_result':
      return { kind: 'server_tool_results', tool: named('mcp_tool_use_id'), content };
    default:
      return null;
  }
}

function isCounted(sources: UrlSources, { kind, tool }: UrlBearer): boolean {
  const rule = sources[kind];
  if (rule === null || rule === undefined) return true;
  switch (rule.type) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'only':
      return rule.tools.some(({ name }) => name === tool);
    case 'except':
      return !rule.tools.some(({ name }) => name === tool);
  }
}

function textsOf(content: Json): string[] {
  if (typeof content === 'string') return [content];
  if (Array.isArray(content)) return content.flatMap(textsOf);
  return content !== null && typeof content === 'object' ? Object.values(content).flatMap(textsOf) : [];
}

/** Whether a bearer that counts has the URL in its text, as it was asked for or in its normal spelling, without the fragment. */
export function bringsUrl(sources: UrlSources, bearer: UrlBearer, url: string): boolean {
  if (!isCounted(sources, bearer)) return false;
  const normal = URL.parse(url);
  if (normal !== null) normal.hash = '';
  const spellings = [
    url.split('#')[0] ?? url,
    ...(normal === null ? [] : [normal.href, normal.href.replace(/\/$/, '')]),
  ];
  return textsOf(bearer.content).some((text) => spellings.some((spelling) => text.includes(spelling)));
}
