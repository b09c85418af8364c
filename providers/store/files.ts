import type { Position } from './position.ts';

/** A file's row. Its bytes are the blob `workspaceId/sha256`. Times are Unix milliseconds. */
export interface StoredFile {
  id: string;
  workspaceId: string;
  /** The session that it belongs to and goes with. */
  sessionId: string | null;
  filename: string;
  mimeType: string;
  bytes: number;
  sha256: string;
  downloadable: boolean;
  createdAt: number;
  expiresAt: number | null;
}

export type NewFile = Omit<StoredFile, 'createdAt' | 'expiresAt'> & { expiresInSeconds: number | null };

/** Files. Every call names a workspace and sees nothing of others. Rejects with `unavailable`; nothing is retried. */
export interface FileStore {
  /**
   * Stores a file's row. Rejects with `invalid_request` (`storage_quota_exceeded`) when the workspace's files would take more than
   * `quotaBytes` with it, or there is no {@link room}; two that come at once cannot pass together.
   */
  create(file: NewFile, quotaBytes: number): Promise<StoredFile>;
  get(workspaceId: string, fileId: string): Promise<StoredFile | null>;
  /** Those of `ids` that exist, newest first. */
  some(workspaceId: string, ids: readonly string[]): Promise<StoredFile[]>;
  /** Whether it was there. */
  delete(workspaceId: string, fileId: string): Promise<boolean>;
  /** Newest first; of one session, or all. The page after a place, or the one that ends before it. */
  list(
    workspaceId: string,
    query: {
      limit: number;
      from: { position: Position; side: 'after' | 'before' } | null;
      sessionId: string | null;
    },
  ): Promise<{ items: StoredFile[]; hasMore: boolean }>;
  /**
   * Bytes that a workspace may still store. `files`: in files, which may take `quotaBytes` together; copies of one content count once,
   * expired files not at all. `held`: of any kind, as long as its files, its skills and the bytes that it gave up, and that are not swept
   * yet, take less than twice that: who deletes has room at once, and who uploads and deletes over and over has an end.
   */
  room(workspaceId: string, quotaBytes: number): Promise<{ files: number; held: number }>;
  /** Counts bytes that were stored and then refused, until they are swept. */
  loosen(workspaceId: string, blobs: readonly { sha256: string; bytes: number }[]): Promise<void>;
  /** Removes files that expired longer than `keepMs` ago. Returns how many. */
  removeExpired(keepMs: number): Promise<number>;
}
