import type { ShownSession } from '../../core/agent/agent-types.ts';
import { checkBudgetable } from '../../core/agent/check-budget.ts';
import { modelId } from '../../core/agent/resolve-model.ts';
import { sessionAgentOf } from '../../core/agent/session-agent.ts';
import { accept, type Accepted } from '../../core/journal/accept.ts';
import { AppError } from '../../core/errors.ts';
import type { OfferedModels } from '../../core/models/offered-models.ts';
import type { JsonObject } from '../../core/json.ts';
import { pinSkills, skillLookups } from '../../core/skills/pin-skills.ts';
import type { SkillPin, SkillReference } from '../../core/skills/skill-pin.ts';
import type { AgentParams, SessionCreate } from '../../core/schema/session.ts';
import type { SessionEngine } from '../../providers/engine/session-engine.ts';
import type { AgentStore } from '../../providers/store/agents.ts';
import type { EnvironmentStore } from '../../providers/store/environments.ts';
import type { SkillStore } from '../../providers/store/skills.ts';
import type { Journal, NewSession } from '../../providers/store/journal.ts';
import type { NewRepository, NewResource, SessionRecord } from '../../providers/store/sessions.ts';
import { noteForLog } from '../../providers/telemetry/log-context.ts';
import { activeTrace } from '../../providers/telemetry/trace-context.ts';
import { deliver } from './deliver.ts';
import { prepareEvents } from './new-events.ts';
import { newResources } from './new-resources.ts';
import type { SendDeps } from './send-events.ts';
import { settleCommit } from './settle-commit.ts';
import { toSession } from './shown-session.ts';
import { giveUpStored } from '../media/give-up-stored.ts';

export interface CreateDeps extends SendDeps {
  agents: Pick<AgentStore, 'get'>;
  environments: Pick<EnvironmentStore, 'get'>;
  skills: Pick<SkillStore, 'find'>;
  engine: Pick<SessionEngine, 'start' | 'signal'>;
  models: OfferedModels;
  journal: SendDeps['journal'] & Pick<Journal, 'createSession' | 'head'>;
  /** Unix milliseconds. */
  now: () => number;
}

/**
 * Creates a session with its files and first events, all or nothing, and starts its run.
 *
 * @throws `invalid_request`, `not_found`, `not_implemented`, `unavailable`; then nothing was created.
 */
export async function createSession(
  deps: CreateDeps,
  workspaceId: string,
  params: SessionCreate,
): Promise<ShownSession> {
  const trace = activeTrace();
  const traced = trace === null ? {} : { trace };
  const session = { ...(await newSession(deps, workspaceId, params)), ...traced };
  noteForLog({ session_id: session.id });
  const { events, accepted, lastSeq } = await giveUpStored(deps, workspaceId, async (storing) => {
    const prepared = await prepareEvents(
      { ...storing, pins: async () => session.skills },
      workspaceId,
      async () =>
        deps.audienceOf(
          workspaceId,
          session.sessionAgent,
          // A message that names the file of a resource means the copy that lies in the sandbox.
          session.resources.map((resource) =>
            'copyOf' in resource ? { mountPath: resource.mountPath, fileId: resource.copyOf } : resource,
          ),
        ),
      params.initial_events ?? [],
      'initial_events',
    );
    const given = prepared.map(({ event }) => ({ ...event, ...traced }));
    const ids = { event: () => deps.newId('event') };
    const settled = await settleCommit(
      async () => {
        const { result, lastSeq: seq } = await deps.journal.createSession(session, (view) => {
          if (given.length === 0) return { writes: null, result: [] as Accepted[] };
          const { writes, accepted: places } = accept(view, given, deps.maxUnprocessedEvents, ids);
          return { writes, result: places };
        });
        return { accepted: result, lastSeq: seq };
      },
      // The first events of a fresh session all wait, in their order.
      async () =>
        (await deps.journal.head(session.id)) === null
          ? null
          : {
              accepted: given.map(({ id }, index) => ({
                id,
                arrival: index + 1,
                seq: null,
                finished: false,
              })),
              lastSeq: 0,
            },
    );
    return { ...settled, events: given };
  });
  const { agentId, title, threadId, id: sessionId } = session;
  const start = async (): Promise<void> => {
    const model = session.sessionAgent.model.id;
    await deps.engine.start({ sessionId, workspaceId, threadId, agentId, model, title });
    if (events.length > 0) await deliver(deps, { sessionId, workspaceId, events, accepted, lastSeq });
  };
  // The session stands, so a reading that fails now must not look like a failure to create it.
  const read = deps.sessions.get(workspaceId, sessionId).catch((error: unknown) => {
    deps.log.warn({ err: error, session_id: sessionId }, 'a new session could not be read back');
    return null;
  });
  const [stored] = await Promise.all([read, start()]);
  return toSession(stored ?? freshRecord(session, events.length, deps.now()), deps.models, deps.now());
}

type PreparedSession = NewSession & {
  sessionAgent: SessionRecord['agent'];
  resources: (NewResource | NewRepository)[];
  skills: SkillPin[];
};

async function newSession(
  deps: CreateDeps,
  workspaceId: string,
  params: SessionCreate,
): Promise<PreparedSession> {
  const [vault] = params.vault_ids ?? [];
  if (vault !== undefined) throw new AppError('not_found', `vault_ids.0: vault ${vault} was not found.`);
  const agent = await findAgent(deps, workspaceId, params.agent);
  const overrides =
    typeof params.agent === 'object' && params.agent.type === 'agent_with_overrides' ? params.agent : null;
  await deps.models.confirm(modelId(overrides?.model ?? agent.model), 'agent.model');
  const copy = sessionAgentOf(agent, overrides, deps.models);
  const skills = await pinned(deps.skills, workspaceId, copy.skills);
  const sessionAgent = { ...copy, skills: skills.map(toReference) };
  if (params.budget !== undefined) checkBudgetable(sessionAgent.model.id, deps.models);
  await checkEnvironment(deps, workspaceId, params.environment_id);
  return {
    id: deps.newId('session'),
    workspaceId,
    threadId: deps.newId('thread'),
    sessionAgent,
    // The API's types of an agent hold only JSON, which their declarations cannot say.
    agent: sessionAgent as object as JsonObject,
    agentId: agent.id,
    agentVersion: agent.version,
    agentName: agent.name,
    environmentId: params.environment_id,
    title: params.title ?? null,
    metadata: params.metadata ?? {},
    vaultIds: [],
    budget: params.budget ?? null,
    resources: newResources(deps.newId, params.resources ?? []),
    skills,
  };
}

async function pinned(
  skills: CreateDeps['skills'],
  workspaceId: string,
  references: readonly SkillReference[],
): Promise<SkillPin[]> {
  if (references.length === 0) return [];
  return pinSkills(references, await skills.find(skillLookups(workspaceId, references)), 'agent.skills');
}

/** How a session shows what it pinned: by the version that it keeps. */
function toReference({ source, skillId, versionId }: SkillPin): SessionRecord['agent']['skills'][number] {
  return { type: source, skill_id: skillId, version: versionId };
}

async function findAgent(deps: CreateDeps, workspaceId: string, params: AgentParams) {
  const { id, version } = typeof params === 'string' ? { id: params, version: undefined } : params;
  const agent = await deps.agents.get(workspaceId, id, version);
  if (!agent) {
    const which = version === undefined ? '' : ` in version ${version}`;
    throw new AppError('not_found', `agent: ${id} was not found${which}.`);
  }
  if (agent.archived_at !== null) {
    throw new AppError('invalid_request', `agent: ${id} is archived; sessions need an agent that is not.`);
  }
  return agent;
}

async function checkEnvironment(deps: CreateDeps, workspaceId: string, id: string): Promise<void> {
  const environment = await deps.environments.get(workspaceId, id);
  if (!environment) {
    throw new AppError('not_found', `environment_id: ${id} was not found.`, {
      details: { error_code: 'environment_not_found' },
    });
  }
  if (environment.archived_at !== null) {
    throw new AppError('invalid_request', `environment_id: ${id} is archived.`, {
      details: { error_code: 'environment_archived' },
    });
  }
}

/** What a session that was just created is like, for the case that it cannot be read. */
function freshRecord(session: PreparedSession, events: number, now: number): SessionRecord {
  return {
    id: session.id,
    workspaceId: session.workspaceId,
    agent: session.sessionAgent,
    environmentId: session.environmentId,
    title: session.title,
    metadata: session.metadata as Record<string, string>,
    vaultIds: session.vaultIds,
    budget: session.budget,
    status: events > 0 ? 'running' : 'idle',
    stop: null,
    usage: {
      input_tokens: 0,
      output_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation_5m_input_tokens: 0,
      cache_creation_1h_input_tokens: 0,
      list_cost_nano_usd: 0,
    },
    unpriced: false,
    activeMs: 0,
    runningSince: null,
    lastSeq: 0,
    threadId: session.threadId,
    resources: session.resources.flatMap((resource, ordinal) =>
      'fileId' in resource ? [{ ...resource, ordinal, createdAt: now, updatedAt: now }] : [],
    ),
    repositories: session.resources.flatMap((resource, ordinal) => {
      if ('fileId' in resource) return [];
      const { token: _token, ...shown } = resource;
      return [{ ...shown, ordinal, createdAt: now, updatedAt: now }];
    }),
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  };
}
