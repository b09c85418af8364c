import type { Agent } from '../../core/agent/agent-types.ts';
import type { AgentSpec } from '../../core/agent/agent-spec.ts';
import type { CreatedRange, Position, Slice } from './position.ts';

/**
 * Agents and their immutable versions, as the API shows them. Every call names a workspace and sees nothing of others. Rejects with
 * `unavailable` when the database cannot be reached; nothing is retried.
 */
export interface AgentStore {
  create(workspaceId: string, agentId: string, spec: AgentSpec): Promise<Agent>;
  /** One version, by default the newest; null when there is none. */
  get(workspaceId: string, agentId: string, version?: number): Promise<Agent | null>;
  /**
   * Adds the version that `decide` returns for the newest one, or none when it returns null. Updates of one agent run one after the
   * other. Rejects with `not_found`, or with what `decide` throws.
   */
  update(workspaceId: string, agentId: string, decide: (current: Agent) => AgentSpec | null): Promise<Agent>;
  /** Archives for good; an archived one stays as it is. Rejects with `not_found`. */
  archive(workspaceId: string, agentId: string): Promise<Agent>;
  /** Newest first. */
  list(
    workspaceId: string,
    query: { limit: number; after: Position | null; created: CreatedRange; archived: 'with' | 'without' },
  ): Promise<Slice<Agent>>;
  /** All versions, newest first, below `before` if that is given. Rejects with `not_found`. */
  versions(
    workspaceId: string,
    agentId: string,
    query: { limit: number; before: number | null },
  ): Promise<{ items: Agent[]; next: number | null }>;
}
