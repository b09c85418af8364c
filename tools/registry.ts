import type { AgentTools } from '../core/session/permission.ts';
import type { ToolDefinition } from '../providers/model/model-provider.ts';
import { createBashTool, type CommandTimes } from './bash.ts';
import { BROWSER_TOOLS } from './browser.ts';
import { createCodeTools } from './code.ts';
import { createSandboxMcpTools } from './sandbox-mcp.ts';
import { editTool } from './edit.ts';
import { globTool } from './glob.ts';
import { grepTool } from './grep.ts';
import { readTool } from './read.ts';
import type { HostTool, Tool } from './tool.ts';
import { writeTool } from './write.ts';

/** The built-in tools that this service has, by toolset. */
export interface ToolRegistry {
  /** The tool of this name, in any toolset. */
  find(name: string): Tool | undefined;
  /** The names of a toolset; none for a type that is no built-in toolset. */
  namesOf(toolset: string): readonly string[];
  /** What an agent's configuration gives to the model: the enabled tools, in a fixed order, so that requests stay byte-stable. */
  definitions(tools: AgentTools): ToolDefinition[];
}

/**
 * @param times - of commands.
 * @param web - the tools of the web that this installation has: without a search engine there is no web_search.
 * @param extras - what else its sandboxes have: only some bring MCP servers along.
 */
export function createToolRegistry(
  times: CommandTimes,
  web: readonly HostTool[],
  extras: readonly 'sandbox_mcp'[] = [],
): ToolRegistry {
  const toolsets: Record<string, readonly Tool[]> = {
    agent_toolset_20260401: [
      createBashTool(times),
      readTool,
      writeTool,
      editTool,
      globTool,
      grepTool,
      ...web,
    ],
    browser_toolset_20261101: BROWSER_TOOLS,
    code_toolset_20261101: createCodeTools(times),
    sandbox_mcp_toolset_20261101: extras.includes('sandbox_mcp') ? createSandboxMcpTools(times) : [],
  };
  const all = Object.values(toolsets).flat();
  return {
    find: (name) => all.find((tool) => tool.name === name),
    namesOf: (toolset) => (toolsets[toolset] ?? []).map((tool) => tool.name),
    definitions: (tools) =>
      tools.flatMap((toolset): ToolDefinition[] => {
        if (toolset.type === 'custom' || toolset.type === 'mcp_toolset') return [];
        const enabled = (toolsets[toolset.type] ?? []).filter((tool) => {
          const config = toolset.configs.find((candidate) => candidate.name === tool.name);
          return (config ?? toolset.default_config).enabled;
        });
        return enabled.map(({ name, description, inputSchema }) => ({
          name,
          description,
          input_schema: inputSchema,
        }));
      }),
  };
}

/** The agent's own entry for a tool, if it has one. */
export function toolConfigOf(tools: AgentTools, name: string) {
  for (const toolset of tools) {
    if (toolset.type !== 'agent_toolset_20260401') continue;
    const config = toolset.configs.find((candidate) => candidate.name === name);
    if (config !== undefined) return config;
  }
  return undefined;
}
