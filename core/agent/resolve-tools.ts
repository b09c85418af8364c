import type {
  BetaManagedAgentsAgentToolConfig,
  BetaManagedAgentsWebFetchToolConfig,
} from '@anthropic-ai/sdk/resources/beta/agents/agents';
import type { AgentToolsetParams, ToolConfigParams } from '../schema/agent-toolset.ts';
import type { ToolParams } from '../schema/agent.ts';
import type { PermissionPolicy } from '../schema/permission-policy.ts';
import type { AgentTool } from './agent-types.ts';

interface Switches {
  enabled: boolean;
  permission_policy: PermissionPolicy;
}

type GivenSwitches =
  | { enabled?: boolean | null | undefined; permission_policy?: PermissionPolicy | null | undefined }
  | null
  | undefined;

/** Tools as they are stored and run: every default and every listed tool says whether it is on and who decides. */
export function resolveTools(params: readonly ToolParams[]): AgentTool[] {
  return params.map((tool) => {
    switch (tool.type) {
      case 'agent_toolset_20260401': {
        const defaults = resolve(tool.default_config, {
          enabled: true,
          permission_policy: { type: 'always_allow' },
        });
        return {
          type: tool.type,
          default_config: defaults,
          configs: (tool.configs ?? []).map((config) => resolveConfig(config, resolve(config, defaults))),
        };
      }
      case 'browser_toolset_20261101':
      case 'code_toolset_20261101':
      case 'sandbox_mcp_toolset_20261101': {
        const defaults = resolve(tool.default_config, {
          enabled: true,
          permission_policy: { type: 'always_allow' },
        });
        return {
          type: tool.type,
          default_config: defaults,
          configs: (tool.configs ?? []).map((config) => ({
            name: config.name,
            ...resolve(config, defaults),
          })),
        };
      }
      case 'mcp_toolset': {
        const defaults = resolve(tool.default_config, {
          enabled: true,
          permission_policy: { type: 'always_ask' },
        });
        return {
          type: tool.type,
          mcp_server_name: tool.mcp_server_name,
          default_config: defaults,
          configs: (tool.configs ?? []).map((config) => ({
            name: config.name,
            ...resolve(config, defaults),
          })),
        };
      }
      case 'custom':
        return {
          type: tool.type,
          name: tool.name,
          description: tool.description,
          input_schema: tool.input_schema as Extract<AgentTool, { type: 'custom' }>['input_schema'],
        };
    }
  });
}

function resolve(given: GivenSwitches, defaults: Switches): Switches {
  return {
    enabled: given?.enabled ?? defaults.enabled,
    permission_policy: given?.permission_policy ?? defaults.permission_policy,
  };
}

function resolveConfig(config: ToolConfigParams, switches: Switches): BetaManagedAgentsAgentToolConfig {
  switch (config.name) {
    case 'web_fetch':
      return {
        name: config.name,
        type: config.name,
        ...switches,
        ...domains(config),
        ...(config.max_content_tokens === undefined ? {} : { max_content_tokens: config.max_content_tokens }),
        url_sources: resolveUrlSources(config.url_sources),
      };
    case 'web_search':
      return {
        name: config.name,
        type: config.name,
        ...switches,
        ...domains(config),
        ...(config.user_location === undefined
          ? {}
          : { user_location: config.user_location && defined(config.user_location) }),
      };
    case 'bash':
    case 'edit':
    case 'read':
    case 'write':
    case 'glob':
    case 'grep':
      return { name: config.name, type: config.name, ...switches } as BetaManagedAgentsAgentToolConfig;
  }
}

function domains(config: {
  allowed_domains?: string[] | undefined;
  blocked_domains?: string[] | undefined;
}): { allowed_domains?: string[]; blocked_domains?: string[] } {
  return {
    ...(config.allowed_domains === undefined ? {} : { allowed_domains: config.allowed_domains }),
    ...(config.blocked_domains === undefined ? {} : { blocked_domains: config.blocked_domains }),
  };
}

type UrlSourcesParams = Extract<
  NonNullable<AgentToolsetParams['configs']>[number],
  { name: 'web_fetch' }
>['url_sources'];

function resolveUrlSources(given: UrlSourcesParams): BetaManagedAgentsWebFetchToolConfig['url_sources'] {
  if (given == null) return null;
  return {
    client_tool_results: spelledOut(given.client_tool_results),
    server_tool_results: spelledOut(given.server_tool_results),
    user_input: spelledOut(given.user_input),
  };
}

function spelledOut<Source extends { type: string }>(
  source: Source | 'all' | 'none' | null | undefined,
): Source | { type: 'all' } | { type: 'none' } | null {
  if (source == null) return null;
  if (source === 'all') return { type: 'all' };
  if (source === 'none') return { type: 'none' };
  return source;
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** An object without its undefined fields. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
}
