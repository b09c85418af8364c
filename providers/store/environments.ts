import type { BetaEnvironment } from '@anthropic-ai/sdk/resources/beta/environments/environments';
import type { CloudConfig } from '../../core/schema/environment.ts';
import type { Position, Slice } from './position.ts';

/** What an environment says. The service adds id and times. */
export interface EnvironmentSpec {
  name: string;
  description: string | null;
  config: CloudConfig;
  metadata: Record<string, string>;
}

/** An environment as the API shows it. */
export type StoredEnvironment = BetaEnvironment & { config: CloudConfig };

/** Environments. Every call names a workspace and sees nothing of others. Rejects with `unavailable`; nothing is retried. */
export interface EnvironmentStore {
  create(workspaceId: string, environmentId: string, spec: EnvironmentSpec): Promise<StoredEnvironment>;
  get(workspaceId: string, environmentId: string): Promise<StoredEnvironment | null>;
  /** Replaces what an environment says by what `decide` returns. One after the other; `not_found`, or what `decide` throws. */
  update(
    workspaceId: string,
    environmentId: string,
    decide: (current: StoredEnvironment) => EnvironmentSpec,
  ): Promise<StoredEnvironment>;
  /** Archives for good; an archived one stays as it is. Rejects with `not_found`. */
  archive(workspaceId: string, environmentId: string): Promise<StoredEnvironment>;
  /** Deletes. Rejects with `not_found`, and with `conflict` while sessions use it. */
  delete(workspaceId: string, environmentId: string): Promise<void>;
  /** Newest first. */
  list(
    workspaceId: string,
    query: { limit: number; after: Position | null; archived: 'with' | 'without' },
  ): Promise<Slice<StoredEnvironment>>;
}
