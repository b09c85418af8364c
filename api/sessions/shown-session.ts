import type { BetaManagedAgentsSessionUsage } from '@anthropic-ai/sdk/resources/beta/sessions/sessions';
import type { ShownSession, ShownThread } from '../../core/agent/agent-types.ts';
import type { Models } from '../../core/agent/agent-spec.ts';
import { toUsageSnapshot } from '../../core/journal/usage-snapshot.ts';
import type { SessionResource } from '../../core/schema/session-resource.ts';
import type { SessionRecord, StoredRepository, StoredResource } from '../../providers/store/sessions.ts';

/** A session as the API shows it. `now` is Unix milliseconds. */
export function toSession(record: SessionRecord, models: Models, now: number): ShownSession {
  return {
    id: record.id,
    type: 'session',
    status: record.status,
    agent: record.agent,
    environment_id: record.environmentId,
    title: record.title,
    metadata: record.metadata,
    resources: placedResources(record).map(toResource),
    vault_ids: record.vaultIds,
    usage: usageOf(record, models, now),
    stats: {
      active_seconds: seconds(activeMs(record, now)),
      duration_seconds: seconds(durationMs(record, now)),
    },
    outcome_evaluations: [],
    budget: record.budget,
    deployment_id: null,
    created_at: iso(record.createdAt),
    updated_at: iso(record.updatedAt),
    archived_at: record.archivedAt === null ? null : iso(record.archivedAt),
  };
}

/** The session's primary thread as the API shows it: its stats come with its first turn, its usage with the end of that. */
export function toPrimaryThread(record: SessionRecord, models: Models, now: number): ShownThread {
  const { multiagent: _multiagent, ...agent } = record.agent;
  const hasRun = record.activeMs > 0 || record.runningSince !== null || record.stop !== null;
  const stats = {
    active_seconds: seconds(activeMs(record, now)),
    duration_seconds: seconds(durationMs(record, now)),
    startup_seconds: 0,
  };
  return {
    id: record.threadId,
    type: 'session_thread',
    session_id: record.id,
    agent,
    parent_thread_id: null,
    status: record.status,
    stats: hasRun ? stats : null,
    usage: record.stop === null ? null : usageOf(record, models, now),
    workflow_run_id: null,
    created_at: iso(record.createdAt),
    updated_at: iso(record.updatedAt),
    archived_at: record.archivedAt === null ? null : iso(record.archivedAt),
  };
}

/** The files and repositories of a session in the order in which they were attached. */
export function placedResources({
  resources,
  repositories,
}: Pick<SessionRecord, 'resources' | 'repositories'>): (StoredResource | StoredRepository)[] {
  return [...resources, ...repositories].sort((one, other) => one.ordinal - other.ordinal);
}

export function toResource(resource: StoredResource | StoredRepository): SessionResource {
  if ('url' in resource) {
    return {
      id: resource.id,
      type: 'github_repository',
      url: resource.url,
      mount_path: resource.mountPath,
      checkout: resource.checkout,
      created_at: iso(resource.createdAt),
      updated_at: iso(resource.updatedAt),
    };
  }
  return {
    id: resource.id,
    type: 'file',
    file_id: resource.fileId,
    mount_path: resource.mountPath,
    created_at: iso(resource.createdAt),
    updated_at: iso(resource.updatedAt),
  };
}

/** The cost is that of the tokens; it is unknown once a model without list prices has answered, or is about to be the first. */
function usageOf(record: SessionRecord, models: Models, now: number): BetaManagedAgentsSessionUsage {
  const isUsed = record.usage.input_tokens + record.usage.output_tokens > 0;
  const known = !record.unpriced && (isUsed || models.resolve(record.agent.model.id)?.prices != null);
  return {
    ...toUsageSnapshot(record.usage, record.unpriced, activeMs(record, now)),
    ...(known ? {} : { list_cost: null }),
  };
}

function activeMs(record: SessionRecord, now: number): number {
  return record.activeMs + (record.runningSince === null ? 0 : Math.max(0, now - record.runningSince));
}

function durationMs(record: SessionRecord, now: number): number {
  const end = record.status === 'terminated' ? record.updatedAt : now;
  return Math.max(0, end - record.createdAt);
}

function seconds(milliseconds: number): number {
  return milliseconds / 1_000;
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
