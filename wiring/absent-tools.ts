import type { Config } from '../config.ts';
import type { AbsentTools } from '../core/agent/absent-tools.ts';
import { BUILT_IN_TOOLS } from '../core/schema/agent-toolset.ts';
import { EXTRA_TOOLSETS } from '../core/schema/extra-toolsets.ts';

/** The built-in tools that these settings leave out. */
export function absentTools({
  sandbox,
  web_search: search,
}: Pick<Config, 'sandbox' | 'web_search'>): AbsentTools {
  if (sandbox.driver === 'none') {
    const reason = 'this service runs without sandboxes (sandbox.driver is none).';
    return new Map(
      [...BUILT_IN_TOOLS, ...Object.values(EXTRA_TOOLSETS).flat()].map((name) => [name, reason]),
    );
  }
  const absent = new Map<string, string>();
  if (search.provider === 'none')
    absent.set('web_search', 'no search engine is configured (web_search.provider is none).');
  if (sandbox.driver !== 'aio') {
    for (const name of EXTRA_TOOLSETS.sandbox_mcp_toolset_20261101)
      absent.set(name, 'only sandboxes of the aio driver bring MCP servers along.');
  }
  return absent;
}
