import type { SessionAgent } from '../../core/agent/agent-types.ts';
import type { Budget, SessionStatus, StopReason, UsageTotals } from '../../core/journal/view.ts';
import type { CreatedRange, Position } from './position.ts';

/** A file in a session's sandbox. `fileId` is the session's own copy. Times are Unix milliseconds. */
export interface StoredResource {
  id: string;
  /** Grows in the order in which resources were attached. */
  ordinal: number;
  fileId: string;
  mountPath: string;
  createdAt: number;
  updatedAt: number;
}

/** What of a repository is checked out; null: the newest commit of its default branch. */
export type Checkout = { type: 'branch'; name: string } | { type: 'commit'; sha: string } | null;

/** A repository in a session's sandbox. Times are Unix milliseconds; `updatedAt` changes with its token. */
export interface StoredRepository {
  id: string;
  /** In one order with the files. */
  ordinal: number;
  url: string;
  checkout: Checkout;
  mountPath: string;
  createdAt: number;
  updatedAt: number;
}

/** A repository to attach. */
export interface NewRepository {
  id: string;
  url: string;
  checkout: Checkout;
  mountPath: string;
  /** Opens it for reading; null for a public one. Stored encrypted where there are keys, shown to nobody. */
  token: string | null;
}

/** A file to attach: `copyOf` is the uploaded one, of which `fileId` becomes a copy that belongs to the session. */
export interface NewResource {
  id: string;
  copyOf: string;
  fileId: string;
  mountPath: string;
}

/** A session, read without a lock. Times are Unix milliseconds. */
export interface SessionRecord {
  id: string;
  workspaceId: string;
  agent: SessionAgent;
  environmentId: string;
  title: string | null;
  metadata: Record<string, string>;
  vaultIds: string[];
  budget: Budget | null;
  /** As clients see it: a busy idle session is `running`. */
  status: SessionStatus;
  stop: StopReason | null;
  usage: UsageTotals;
  /** A model without list prices has answered: the cost is not known. */
  unpriced: boolean;
  activeMs: number;
  runningSince: number | null;
  lastSeq: number;
  threadId: string;
  /** Its files. */
  resources: StoredResource[];
  repositories: StoredRepository[];
  createdAt: number;
  updatedAt: number;
  archivedAt: number | null;
}

export interface SessionQuery {
  limit: number;
  order: 'asc' | 'desc';
  /** Where the page starts, and to which side of it the page lies. */
  from: { position: Position; side: 'after' | 'before' } | null;
  created: CreatedRange;
  archived: 'with' | 'without';
  statuses: readonly SessionStatus[] | null;
  agent: { id: string; version: number | null } | null;
}

/** A page in the list's order, and whether there is more on either side. */
export interface SessionSlice {
  items: SessionRecord[];
  hasBefore: boolean;
  hasAfter: boolean;
}

/**
 * Reads sessions and keeps what is attached to them; the journal writes everything else. Every call names a workspace and sees nothing
 * of others. Rejects with `unavailable`; nothing is retried.
 */
export interface SessionStore {
  get(workspaceId: string, sessionId: string): Promise<SessionRecord | null>;
  list(workspaceId: string, query: SessionQuery): Promise<SessionSlice>;
  /** Attaches one more file. Rejects with `not_found` for an unknown file, `invalid_request` when `check` refuses what is there. */
  attach(
    workspaceId: string,
    sessionId: string,
    resource: NewResource,
    check: (existing: readonly { mountPath: string }[]) => void,
  ): Promise<StoredResource>;
  /** Attaches one more repository. Rejects with `not_found` for an unknown session, and as `check` does. */
  attachRepository(
    workspaceId: string,
    sessionId: string,
    repository: NewRepository,
    check: (existing: readonly { mountPath: string }[]) => void,
  ): Promise<StoredRepository>;
  /** Replaces the token of a repository; null when there is no such repository. */
  changeToken(
    workspaceId: string,
    sessionId: string,
    resourceId: string,
    token: string,
  ): Promise<StoredRepository | null>;
  /** The repositories of a session with their tokens, for whoever fetches them. */
  repositories(
    workspaceId: string,
    sessionId: string,
  ): Promise<(StoredRepository & { token: string | null })[]>;
  /** Detaches a file, and removes the session's copy of it, or a repository. Whether it was there. */
  detach(workspaceId: string, sessionId: string, resourceId: string): Promise<boolean>;
  /** Sessions of the workspace that run now. */
  countRunning(workspaceId: string): Promise<number>;
}
