import type { AgentCreateParams } from '@anthropic-ai/sdk/resources/beta/agents/agents';
import type { Agent } from '../service/wire.ts';
import { TOOLSETS } from './toolset-names.ts';

/** Off, on, on with a question each time, or on as the service judges. */
export type ToolSwitch = 'off' | 'always_allow' | 'always_ask' | 'auto';

/** An agent as its form holds it. */
export interface AgentDraft {
  name: string;
  description: string;
  model: string;
  /** Empty: the model's own. */
  effort: string;
  system: string;
  /** By the name of the tool. */
  tools: Record<string, ToolSwitch>;
  /** The agent's skills: the version for each id. */
  skills: Record<string, { type: 'anthropic' | 'custom'; version: string }>;
  /** Custom tools and MCP toolsets, as the API takes them. */
  otherTools: string;
  mcpServers: string;
}

type Tool = { type: string } & Record<string, unknown>;
interface ToolConfig extends Record<string, unknown> {
  name: string;
  enabled: boolean;
  permission_policy: { type: string };
}

export const NEW_AGENT: AgentDraft = {
  name: '',
  description: '',
  model: '',
  effort: '',
  system: '',
  tools: Object.fromEntries(
    TOOLSETS.flatMap(({ type, tools }) =>
      tools.map((name) => [name, type === 'agent_toolset_20260401' ? 'always_allow' : 'off']),
    ),
  ),
  skills: {},
  otherTools: '',
  mcpServers: '',
};

/** The form of an agent that exists. */
export function draftOf(agent: Agent): AgentDraft {
  const tools = agent.tools as unknown as readonly Tool[];
  const others = tools.filter(({ type }) => !TOOLSETS.some((toolset) => toolset.type === type));
  return {
    name: agent.name,
    description: agent.description ?? '',
    model: agent.model.id,
    effort: agent.model.effort?.type ?? '',
    system: agent.system ?? '',
    tools: Object.fromEntries(
      TOOLSETS.flatMap(({ type, tools: names }) => {
        const given = tools.find((tool) => tool.type === type);
        return names.map((name) => [name, switchOf(given, name)] as const);
      }),
    ),
    skills: Object.fromEntries(
      agent.skills.map(({ skill_id: id, type, version }) => [id, { type, version }] as const),
    ),
    otherTools: others.length === 0 ? '' : JSON.stringify(others, null, 2),
    mcpServers: agent.mcp_servers.length === 0 ? '' : JSON.stringify(agent.mcp_servers, null, 2),
  };
}

/**
 * What the API is sent. Settings of single tools that the form does not show, such as the domains of a web tool, are kept from `before`.
 *
 * @throws Error - a field that holds JSON does not.
 */
export function paramsOf(draft: AgentDraft, before: Agent | null): AgentCreateParams {
  const given = (before?.tools ?? []) as unknown as readonly Tool[];
  const toolsets = TOOLSETS.filter(({ tools }) => tools.some((name) => isOn(draft.tools[name]))).map(
    ({ type, tools }) => ({
      type,
      default_config: { enabled: false },
      configs: tools
        .filter((name) => isOn(draft.tools[name]))
        .map((name) => ({
          ...configsOf(given.find((tool) => tool.type === type)).find((config) => config.name === name),
          name,
          enabled: true,
          permission_policy: { type: draft.tools[name] ?? 'always_allow' },
        })),
    }),
  );
  const others = listIn(draft.otherTools, 'Other tools');
  return {
    name: draft.name.trim(),
    description: draft.description.trim() === '' ? null : draft.description.trim(),
    model: modelOf(draft, before),
    system: draft.system.trim() === '' ? null : draft.system,
    tools: [...toolsets, ...others] as NonNullable<AgentCreateParams['tools']>,
    mcp_servers: listIn(draft.mcpServers, 'MCP servers') as NonNullable<AgentCreateParams['mcp_servers']>,
    skills: Object.entries(draft.skills).map(([id, { type, version }]) => ({ type, skill_id: id, version })),
  };
}

/** An agent that exists keeps its effort unless it is told to go back to the model's own. */
function modelOf({ model: id, effort }: AgentDraft, before: Agent | null): AgentCreateParams['model'] {
  // Settings that the form does not show stay while the model does.
  const { effort: _effort, id: _id, ...kept } = before?.model.id === id ? before.model : { id };
  return {
    id,
    effort: effort === '' ? null : (effort as 'low'),
    ...kept,
  };
}

function isOn(state: ToolSwitch | undefined): boolean {
  return state !== undefined && state !== 'off';
}

function configsOf(toolset: Tool | undefined): ToolConfig[] {
  return Array.isArray(toolset?.['configs']) ? (toolset['configs'] as ToolConfig[]) : [];
}

function switchOf(toolset: Tool | undefined, name: string): ToolSwitch {
  if (toolset === undefined) return 'off';
  const fallback = toolset['default_config'] as ToolConfig;
  const { enabled, permission_policy: policy } =
    configsOf(toolset).find((config) => config.name === name) ?? fallback;
  return enabled ? (policy.type as ToolSwitch) : 'off';
}

function listIn(text: string, field: string): object[] {
  if (text.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${field}: this is no valid JSON. ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
  if (!Array.isArray(value)) throw new Error(`${field}: expected a list, [ … ].`);
  return value as object[];
}
