import { createHash } from 'node:crypto';
import type { AgentSpec } from '../../core/agent/agent-spec.ts';
import type { CloudConfig } from '../../core/schema/environment.ts';
import { isAppError } from '../../core/errors.ts';
import { makeId, type IdKind } from '../../core/ids.ts';
import type { AgentStore } from '../../providers/store/agents.ts';
import type { EnvironmentStore } from '../../providers/store/environments.ts';

/** What sessions of the simple door run with when the client names nothing. */
export interface Defaults {
  /** Makes it the first time, and changes it when the settings did. @throws `invalid_request` for settings that make no agent. */
  agent(workspaceId: string): Promise<string>;
  environment(workspaceId: string): Promise<string>;
}

/** An archived one stays archived, and the next of as many takes its place. */
const TRIES = 100;
const MADE_FROM = 'simple_api';

/**
 * The default agent and environment of each workspace. Their ids follow from the workspace, so that requests, processes and restarts that
 * race make one and the same. What users change of the agent stays until the settings change.
 */
export function createDefaults(deps: {
  agents: Pick<AgentStore, 'get' | 'create' | 'update'>;
  environments: Pick<EnvironmentStore, 'get' | 'create'>;
  /** What the settings say, resolved. */
  agentSpec: (workspaceId: string) => Promise<AgentSpec> | AgentSpec;
  environmentConfig: CloudConfig;
}): Defaults {
  const { agents, environments } = deps;

  return {
    async agent(workspaceId) {
      const wanted = await deps.agentSpec(workspaceId);
      const mark = createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 32);
      const spec = { ...wanted, metadata: { ...wanted.metadata, [MADE_FROM]: mark } };
      const stored = await firstLive('agent', workspaceId, {
        get: async (id) => agents.get(workspaceId, id),
        create: async (id) => agents.create(workspaceId, id, spec),
      });
      if (stored.metadata[MADE_FROM] !== mark) {
        await agents.update(workspaceId, stored.id, (current) =>
          current.metadata[MADE_FROM] === mark ? null : spec,
        );
      }
      return stored.id;
    },

    async environment(workspaceId) {
      const spec = {
        name: 'Default',
        description: 'Made for sessions that name no environment.',
        config: deps.environmentConfig,
        metadata: {},
      };
      const stored = await firstLive('environment', workspaceId, {
        get: async (id) => environments.get(workspaceId, id),
        create: async (id) => environments.create(workspaceId, id, spec),
      });
      return stored.id;
    },
  };
}

/** The first of the workspace's defaults that was not archived or deleted; made if there is none yet. */
async function firstLive<Stored extends { id: string; archived_at: string | null }>(
  kind: IdKind,
  workspaceId: string,
  store: { get: (id: string) => Promise<Stored | null>; create: (id: string) => Promise<Stored> },
): Promise<Stored> {
  let failure: unknown;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const random = createHash('sha256').update(`${workspaceId}\0simple\0${attempt}`).digest();
    const id = makeId(kind, 0, random);
    let found = await store.get(id);
    if (found === null) {
      try {
        return await store.create(id);
      } catch (error) {
        if (isAppError(error)) throw error;
        // Somebody else was faster, or it is one that was deleted, whose id stays taken.
        failure = error;
        found = await store.get(id);
      }
    }
    if (found !== null && found.archived_at === null) return found;
  }
  throw failure ?? new Error(`all ${TRIES} defaults of workspace ${workspaceId} are archived`);
}
