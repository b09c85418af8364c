import { BUILT_IN_TOOLS } from '../schema/agent-toolset.ts';
import { EXTRA_TOOLSETS } from '../schema/extra-toolsets.ts';
import type { AgentTool } from './agent-types.ts';

/** Tools that an installation does not have, each with the reason. */
export type AbsentTools = ReadonlyMap<string, string>;

/**
 * What to tell whoever makes an agent: the tools that it enables and that the model will not be offered, one sentence per reason. An agent
 * may be made all the same, since the installation can be given what it lacks later.
 */
export function absentToolWarnings(tools: readonly AgentTool[], absent: AbsentTools): string[] {
  const byReason = new Map<string, string[]>();
  for (const name of tools.flatMap(enabledTools)) {
    const reason = absent.get(name);
    if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  }
  return [...byReason].map(([reason, names]) => `The model is not offered ${names.join(', ')}: ${reason}`);
}

function enabledTools(toolset: AgentTool): string[] {
  if (toolset.type === 'custom' || toolset.type === 'mcp_toolset') return [];
  const names: readonly string[] =
    toolset.type === 'agent_toolset_20260401' ? BUILT_IN_TOOLS : EXTRA_TOOLSETS[toolset.type];
  return names.filter((name) => {
    const config = toolset.configs.find((candidate) => candidate.name === name);
    return (config ?? toolset.default_config).enabled;
  });
}
