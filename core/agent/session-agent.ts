import type { Agent, SessionAgent } from './agent-types.ts';
import type { AgentParams, SessionUpdate } from '../schema/session.ts';
import type { Models } from './agent-spec.ts';
import { checkAgent } from './check-agent.ts';
import { notBuilt } from './refuse-unbuilt.ts';
import { resolveModel } from './resolve-model.ts';
import { resolveTools } from './resolve-tools.ts';
import { storedSkills } from './stored-skills.ts';

type Overrides = Extract<AgentParams, { type: 'agent_with_overrides' }>;

/**
 * A session's own copy of an agent. Overrides replace whole fields, `null` and `[]` clear; an effort in a model override is ignored.
 *
 * @throws `invalid_request` or `not_implemented`, naming the field.
 */
export function sessionAgentOf(agent: Agent, overrides: Overrides | null, models: Models): SessionAgent {
  const { id, version, name, description, execution_identity } = agent;
  const copy: SessionAgent = {
    type: 'agent',
    id,
    version,
    name,
    description,
    system: overrides?.system === undefined ? agent.system : overrides.system || null,
    model: overriddenModel(agent, overrides, models),
    tools: overrides?.tools === undefined ? agent.tools : resolveTools(overrides.tools ?? []),
    mcp_servers: overrides?.mcp_servers === undefined ? agent.mcp_servers : (overrides.mcp_servers ?? []),
    skills: overrides?.skills === undefined ? agent.skills : storedSkills(overrides.skills),
    execution_identity,
    multiagent: null,
  };
  return checked(copy, models, 'agent');
}

/** A session's copy of its agent after an update. Throws as {@link sessionAgentOf} does. */
export function changedSessionAgent(
  stored: SessionAgent,
  changes: NonNullable<SessionUpdate['agent']>,
  models: Models,
): SessionAgent {
  const changed = {
    ...stored,
    model:
      changes.model === undefined
        ? stored.model
        : resolveModel(changes.model, models, stored.model, 'agent.model'),
    tools: changes.tools === undefined ? stored.tools : resolveTools(changes.tools ?? []),
    mcp_servers: changes.mcp_servers === undefined ? stored.mcp_servers : (changes.mcp_servers ?? []),
  };
  return checked(changed, models, 'agent');
}

function overriddenModel(agent: Agent, overrides: Overrides | null, models: Models): Agent['model'] {
  const model = overrides?.model;
  // The stored model is looked up too: it may have left the catalogue since the agent was made.
  if (model == null)
    return resolveModel({ ...agent.model, inference_geo: null }, models, undefined, 'agent.model');
  const given = typeof model === 'string' ? { id: model } : { ...model, effort: undefined };
  return resolveModel(given, models, undefined, 'agent.model');
}

function checked(agent: SessionAgent, models: Models, where: string): SessionAgent {
  checkAgent(agent, models);
  if (agent.mcp_servers.length > 0) notBuilt(`${where}.mcp_servers`, 'MCP servers in sessions');
  return agent;
}
