import type { ModelEntry } from '../../core/models/model-entry.ts';
import type { AgentTools } from '../../core/session/permission.ts';
import { systemPrompt } from '../../core/session/system-prompt.ts';
import type { ToolDefinition } from '../../providers/model/model-provider.ts';
import type { SessionSetup } from '../../providers/store/journal.ts';
import type { ActivityDependencies } from '../dependencies.ts';

/** What goes along with every request of a session: it stands before the conversation in the vendor's cache. */
export interface SessionPrompt {
  system: string;
  tools: ToolDefinition[];
}

/** The same setup always gives the same bytes. */
export function sessionPrompt(
  deps: Pick<ActivityDependencies, 'describeTools'>,
  setup: SessionSetup,
  entry: ModelEntry,
): SessionPrompt {
  const { agent } = setup;
  const tools = entry.tools ? toolsOf(deps, agent.tools) : [];
  return { system: systemPrompt(agent.system, tools), tools };
}

function toolsOf(deps: Pick<ActivityDependencies, 'describeTools'>, tools: AgentTools): ToolDefinition[] {
  const custom = tools.flatMap((tool): ToolDefinition[] => {
    if (tool.type !== 'custom') return [];
    const { name, description, input_schema } = tool;
    return [{ name, description, input_schema: { ...input_schema } as ToolDefinition['input_schema'] }];
  });
  return [...deps.describeTools(tools), ...custom];
}
