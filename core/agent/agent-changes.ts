import type { AgentCreate, AgentUpdate } from '../schema/agent.ts';
import { patchMetadata } from '../schema/metadata.ts';
import { sameJson } from '../same-json.ts';
import type { AgentSpec, Models } from './agent-spec.ts';
import { checkAgent } from './check-agent.ts';
import { refuseUnbuilt } from './refuse-unbuilt.ts';
import { resolveModel } from './resolve-model.ts';
import { resolveTools } from './resolve-tools.ts';
import { storedSkills } from './stored-skills.ts';

/** The first version of an agent. Throws `invalid_request` or `not_implemented`, naming the field. */
export function newAgentSpec(params: AgentCreate, models: Models): AgentSpec {
  refuseUnbuilt(params);
  const spec: AgentSpec = {
    name: params.name,
    description: orNull(params.description),
    system: orNull(params.system),
    model: resolveModel(params.model, models),
    tools: resolveTools(params.tools ?? []),
    mcp_servers: params.mcp_servers ?? [],
    skills: storedSkills(params.skills),
    multiagent: null,
    execution_identity: { type: 'service_account' },
    metadata: params.metadata ?? {},
  };
  checkAgent(spec, models);
  return spec;
}

/**
 * The next version of an agent, or null when nothing changes. What is left out stays; null or an empty value clears. Throws as
 * {@link newAgentSpec} does.
 */
export function changedAgentSpec(stored: AgentSpec, params: AgentUpdate, models: Models): AgentSpec | null {
  refuseUnbuilt(params);
  const spec: AgentSpec = {
    name: params.name ?? stored.name,
    description: params.description === undefined ? stored.description : orNull(params.description),
    system: params.system === undefined ? stored.system : orNull(params.system),
    model: params.model === undefined ? stored.model : resolveModel(params.model, models, stored.model),
    tools: params.tools === undefined ? stored.tools : resolveTools(params.tools ?? []),
    mcp_servers: params.mcp_servers === undefined ? stored.mcp_servers : (params.mcp_servers ?? []),
    skills: params.skills === undefined ? stored.skills : storedSkills(params.skills),
    multiagent: params.multiagent === undefined ? stored.multiagent : null,
    execution_identity:
      params.execution_identity === undefined ? stored.execution_identity : { type: 'service_account' },
    metadata: params.metadata == null ? stored.metadata : patchMetadata(stored.metadata, params.metadata),
  };
  if (sameJson(spec, stored)) return null;
  checkAgent(spec, models);
  return spec;
}

function orNull(text: string | null | undefined): string | null {
  return text === '' ? null : (text ?? null);
}
