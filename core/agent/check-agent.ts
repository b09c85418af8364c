import { AppError } from '../errors.ts';
import { BUILT_IN_TOOLS } from '../schema/agent-toolset.ts';
import { EXTRA_TOOLSETS } from '../schema/extra-toolsets.ts';
import { MAX_TOOLS } from '../schema/agent.ts';
import type { AgentSpec, Models } from './agent-spec.ts';
import type { AgentTool } from './agent-types.ts';

type Checked = Pick<AgentSpec, 'model' | 'tools' | 'mcp_servers' | 'skills'>;

/** The rules that span several fields of an agent. Throws `invalid_request` for the first that is broken. */
export function checkAgent(agent: Checked, models: Models): void {
  checkToolNames(agent.tools);
  checkServers(agent);
  checkUrlSources(agent.tools);
  if (agent.skills.length > 0 && !isEnabled(agent.tools, 'read')) {
    refuse('skills', 'the agent needs the read tool to use skills; enable it in agent_toolset_20260401');
  }
  if (agent.tools.length > 0 && models.resolve(agent.model.id)?.tools === false) {
    refuse('tools', `the model ${agent.model.id} takes no tools`);
  }
}

/** Whether an agent has a built-in tool. */
export function isEnabled(tools: readonly AgentTool[], name: (typeof BUILT_IN_TOOLS)[number]): boolean {
  return tools.some((tool) => {
    if (tool.type !== 'agent_toolset_20260401') return false;
    const config = tool.configs.find((candidate) => candidate.name === name);
    return (config ?? tool.default_config).enabled;
  });
}

function checkToolNames(tools: readonly AgentTool[]): void {
  const seen = new Set<string>();
  let count = 0;
  for (const [index, tool] of tools.entries()) {
    const name =
      tool.type === 'custom'
        ? tool.name
        : tool.type === 'mcp_toolset'
          ? `mcp_toolset ${tool.mcp_server_name}`
          : tool.type;
    if (seen.has(name)) refuse(`tools.${index}`, `${JSON.stringify(name)} is there twice`);
    seen.add(name);
    count += toolCount(tool);
  }
  const taken = new Set(tools.flatMap(extraNames));
  for (const [index, tool] of tools.entries()) {
    if (tool.type === 'custom' && taken.has(tool.name))
      refuse(
        `tools.${index}.name`,
        `${JSON.stringify(tool.name)} is a tool of another toolset of this agent`,
      );
  }
  if (count > MAX_TOOLS) refuse('tools', `at most ${MAX_TOOLS} tools over all toolsets; these are ${count}`);
}

/** The names of the toolsets beyond the vendor's, which a custom tool may have as long as the agent does not have both. */
function extraNames({ type }: AgentTool): readonly string[] {
  return type === 'browser_toolset_20261101' || type === 'code_toolset_20261101' ? EXTRA_TOOLSETS[type] : [];
}

function toolCount(tool: AgentTool): number {
  switch (tool.type) {
    case 'custom':
      return 1;
    case 'mcp_toolset':
      return tool.configs.length;
    case 'agent_toolset_20260401':
      return BUILT_IN_TOOLS.length;
    case 'browser_toolset_20261101':
    case 'code_toolset_20261101':
    case 'sandbox_mcp_toolset_20261101':
      return EXTRA_TOOLSETS[tool.type].length;
  }
}

function checkServers({ tools, mcp_servers: servers }: Checked): void {
  const used = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    if (tool.type !== 'mcp_toolset') continue;
    used.add(tool.mcp_server_name);
    if (!servers.some(({ name }) => name === tool.mcp_server_name)) {
      refuse(
        `tools.${index}.mcp_server_name`,
        `there is no server ${JSON.stringify(tool.mcp_server_name)} in mcp_servers`,
      );
    }
  }
  for (const [index, { name }] of servers.entries()) {
    if (used.has(name)) continue;
    refuse(`mcp_servers.${index}.name`, `no mcp_toolset in tools names the server ${JSON.stringify(name)}`);
  }
}

function checkUrlSources(tools: readonly AgentTool[]): void {
  const custom = tools.flatMap((tool) => (tool.type === 'custom' ? [tool.name] : []));
  for (const [index, tool] of tools.entries()) {
    if (tool.type !== 'agent_toolset_20260401') continue;
    for (const [place, config] of tool.configs.entries()) {
      if (config.name !== 'web_fetch' || config.url_sources === null) continue;
      const where = `tools.${index}.configs.${place}.url_sources`;
      const {
        client_tool_results: client,
        server_tool_results: server,
        user_input: user,
      } = config.url_sources;
      if ([client, server, user].every((source) => source?.type === 'none')) {
        refuse(where, 'with all three sources none, nothing could be fetched; disable the tool instead');
      }
      checkNames(`${where}.client_tool_results`, client, custom, 'a custom tool of this agent');
      checkNames(
        `${where}.server_tool_results`,
        server,
        ['web_search', 'web_fetch'],
        'web_search or web_fetch',
      );
    }
  }
}

function checkNames(
  where: string,
  filter: { type: string; tools?: { name: string }[] } | null,
  known: readonly string[],
  what: string,
): void {
  for (const [index, { name }] of (filter?.tools ?? []).entries()) {
    if (!known.includes(name))
      refuse(`${where}.tools.${index}.name`, `${JSON.stringify(name)} is not ${what}`);
  }
}

function refuse(where: string, what: string): never {
  throw new AppError('invalid_request', `${where}: ${what}`);
}
