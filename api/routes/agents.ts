import type { Agent as StoredAgent } from '../../core/agent/agent-types.ts';
import { z } from 'zod';
import { absentToolWarnings, type AbsentTools } from '../../core/agent/absent-tools.ts';
import { changedAgentSpec, newAgentSpec } from '../../core/agent/agent-changes.ts';
import { modelId } from '../../core/agent/resolve-model.ts';
import { AppError } from '../../core/errors.ts';
import type { OfferedModels } from '../../core/models/offered-models.ts';
import {
  Agent,
  AgentCreate,
  AgentListQuery,
  AgentQuery,
  AgentUpdate,
  AgentVersionListQuery,
} from '../../core/schema/agent.ts';
import { idParam } from '../../core/schema/ids.ts';
import { pageOf } from '../../core/schema/page.ts';
import { pinSkills, skillLookups } from '../../core/skills/pin-skills.ts';
import type { SkillReference } from '../../core/skills/skill-pin.ts';
import type { AgentStore } from '../../providers/store/agents.ts';
import type { SkillStore } from '../../providers/store/skills.ts';
import { decodeCursor, encodeCursor, pageStart, toPage } from '../cursor.ts';
import type { NewId } from '../new-id.ts';
import { defineRoute, type Route } from '../route.ts';

const params = z.object({ agent_id: idParam('agent') });
const tag = 'Agents';
const VersionPlace = z.object({ before: z.int() });

/** The routes of agents and their versions. */
export function agentRoutes(deps: {
  agents: AgentStore;
  skills: Pick<SkillStore, 'find'>;
  models: OfferedModels;
  newId: NewId;
  absentTools: () => AbsentTools;
}): Route[] {
  const { agents, skills, models, newId, absentTools } = deps;
  const warnOfTools = (agent: StoredAgent, warn: (sentence: string) => void): StoredAgent => {
    for (const sentence of absentToolWarnings(agent.tools, absentTools())) warn(sentence);
    return agent;
  };

  /** Refuses skills that no session could pin. */
  async function checkSkills(
    workspaceId: string,
    references: readonly SkillReference[] | null | undefined,
  ): Promise<void> {
    if (!references?.length) return;
    pinSkills(references, await skills.find(skillLookups(workspaceId, references)));
  }

  return [
    defineRoute({
      method: 'POST',
      path: '/v1/agents',
      operationId: 'createAgent',
      summary: 'Create an agent',
      tag,
      rate: 'create',
      body: AgentCreate,
      response: Agent,
      handle: async ({ body, caller, warn }): Promise<StoredAgent> => {
        await models.confirm(modelId(body.model), 'model');
        const spec = newAgentSpec(body, models);
        await checkSkills(caller.workspaceId, spec.skills);
        return warnOfTools(await agents.create(caller.workspaceId, newId('agent'), spec), warn);
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/agents',
      operationId: 'listAgents',
      summary: 'List agents, newest first',
      tag,
      rate: 'read',
      query: AgentListQuery,
      response: pageOf(Agent),
      handle: async ({ query, caller }) => {
        const created = { gte: query['created_at[gte]'], lte: query['created_at[lte]'] };
        const slice = await agents.list(caller.workspaceId, {
          limit: query.limit,
          after: pageStart('agents', query.page, created),
          created,
          archived: query.include_archived ? 'with' : 'without',
        });
        return toPage('agents', slice, (agent) => agent);
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/agents/{agent_id}',
      operationId: 'getAgent',
      summary: 'Get an agent, by default its newest version',
      tag,
      rate: 'read',
      params,
      query: AgentQuery,
      response: Agent,
      handle: async ({ params: { agent_id: id }, query: { version }, caller }): Promise<StoredAgent> => {
        const agent = await agents.get(caller.workspaceId, id, version);
        if (agent) return agent;
        throw new AppError(
          'not_found',
          version === undefined ? `Agent ${id} was not found.` : `Agent ${id} has no version ${version}.`,
        );
      },
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/agents/{agent_id}',
      operationId: 'updateAgent',
      summary: 'Change an agent: adds a version, unless nothing changes',
      tag,
      rate: 'write',
      params,
      body: AgentUpdate,
      response: Agent,
      handle: async ({ params: { agent_id: id }, body, caller, warn }): Promise<StoredAgent> => {
        await checkSkills(caller.workspaceId, body.skills);
        if (body.model !== undefined) await models.confirm(modelId(body.model), 'model');
        const changed = await agents.update(caller.workspaceId, id, (current) => {
          if (current.archived_at !== null) {
            throw new AppError('invalid_request', `Agent ${id} is archived and cannot be changed.`);
          }
          if (body.version !== undefined && body.version !== current.version) {
            throw new AppError(
              'conflict',
              `version: agent ${id} is at version ${current.version}, not ${body.version}. Read it again and repeat your change.`,
            );
          }
          return changedAgentSpec(specOf(current), body, models);
        });
        return warnOfTools(changed, warn);
      },
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/agents/{agent_id}/archive',
      operationId: 'archiveAgent',
      summary: 'Archive an agent for good; running sessions go on',
      tag,
      rate: 'write',
      params,
      response: Agent,
      handle: async ({ params: { agent_id: id }, caller }): Promise<StoredAgent> =>
        agents.archive(caller.workspaceId, id),
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/agents/{agent_id}/versions',
      operationId: 'listAgentVersions',
      summary: 'List the versions of an agent, newest first',
      tag,
      rate: 'read',
      params,
      query: AgentVersionListQuery,
      response: pageOf(Agent),
      handle: async ({ params: { agent_id: id }, query, caller }) => {
        const before =
          query.page === undefined ? null : decodeCursor(`versions ${id}`, VersionPlace, query.page).before;
        const { items, next } = await agents.versions(caller.workspaceId, id, { limit: query.limit, before });
        return {
          data: items,
          next_page: next === null ? null : encodeCursor(`versions ${id}`, { before: next }),
        };
      },
    }),
  ];
}

function specOf(agent: StoredAgent) {
  const { name, description, system, model, tools, mcp_servers, skills } = agent;
  const { multiagent, execution_identity, metadata } = agent;
  return {
    name,
    description,
    system,
    model,
    tools,
    mcp_servers,
    skills,
    multiagent,
    execution_identity,
    metadata,
  };
}
