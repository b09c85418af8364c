import type { AgentTool } from '../agent/agent-types.ts';
import type { BetaManagedAgentsAgentToolEvaluation } from '@anthropic-ai/sdk/resources/beta/sessions/events';

/** The tools of a session's agent, resolved: every default and every listed tool says whether it is on and who decides. */
export type AgentTools = AgentTool[];

/** What becomes of a tool use. `refused`: it is answered with an error on the spot and nothing runs. */
export type ToolVerdict =
  | { kind: 'run' | 'ask'; permission: 'allow' | 'ask'; evaluation: BetaManagedAgentsAgentToolEvaluation }
  | { kind: 'custom' }
  | { kind: 'refused'; permission: 'deny'; text: string };

/**
 * Decides about one tool use, from the agent's configuration alone: nothing that a model, a tool or a document says can change it.
 * `auto` asks a person, since there is no judge.
 *
 * @param builtIn - the names that each built-in toolset has, by its type.
 */
export function judgeToolUse(
  tools: AgentTools,
  name: string,
  builtIn: (toolset: string) => readonly string[],
): ToolVerdict {
  for (const tool of tools) {
    if (tool.type === 'custom') {
      if (tool.name === name) return { kind: 'custom' };
      continue;
    }
    if (tool.type === 'mcp_toolset' || !builtIn(tool.type).includes(name)) continue;
    const config = tool.configs.find((candidate) => candidate.name === name) ?? tool.default_config;
    if (!config.enabled) break;
    switch (config.permission_policy.type) {
      case 'always_allow':
        return { kind: 'run', permission: 'allow', evaluation: { type: 'always_allow' } };
      case 'always_ask':
        return { kind: 'ask', permission: 'ask', evaluation: { type: 'always_ask' } };
      case 'auto':
        return {
          kind: 'ask',
          permission: 'ask',
          evaluation: {
            type: 'auto',
            evaluated_permission: { type: 'ask', reason_code: 'indeterminate' },
          },
        };
    }
  }
  return {
    kind: 'refused',
    permission: 'deny',
    text: `There is no tool named "${name}", or it is not enabled for this agent. Use only the tools you were given.`,
  };
}
