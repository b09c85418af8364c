import type { AgentTools } from '../session/permission.ts';
import type { AbsentTools } from './absent-tools.ts';

/** Tools that can read a file in the sandbox, by their toolset. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  agent_toolset_20260401: ['bash', 'read'],
  code_toolset_20261101: ['execute_code'],
};

/** Whether an agent has a tool that reads files in its sandbox, so that it is of use to place some there. */
export function reachesFiles(tools: AgentTools, absent: AbsentTools): boolean {
  return tools.some((tool) => {
    if (tool.type === 'custom' || tool.type === 'mcp_toolset') return false;
    return (READERS[tool.type] ?? []).some((name) => {
      if (absent.has(name)) return false;
      const config = tool.configs.find((candidate) => candidate.name === name);
      return (config ?? tool.default_config).enabled;
    });
  });
}
