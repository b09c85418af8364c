import type { Leftovers, SessionEnd } from '../leftovers.ts';
import type { Database } from './database.ts';

/**
 * Every place where a row refers to a blob: $1 is the workspace, $2 the blob's name. A table that comes to hold names of blobs needs its
 * line here, and an index that answers it; without the line the sweep removes its blobs.
 */
const REFERENCES = {
  events: `SELECT 1 FROM events e JOIN session_head h ON h.session_id = e.session_id
    WHERE e.blobs IS NOT NULL AND e.blobs @> ARRAY[$2::text] AND h.workspace_id = $1`,
  checkpoints: 'SELECT 1 FROM checkpoints WHERE blobs @> ARRAY[$2::text] AND workspace_id = $1',
  // What is known of an expired file stays for a while; its bytes do not.
  files: `SELECT 1 FROM files WHERE workspace_id = $1 AND sha256 = $2 AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
  skill_archives: 'SELECT 1 FROM skill_versions WHERE workspace_id = $1 AND archive_sha256 = $2',
  skill_documents: 'SELECT 1 FROM skill_versions WHERE workspace_id = $1 AND document_sha256 = $2',
  session_skill_archives: 'SELECT 1 FROM session_skills WHERE blob_workspace_id = $1 AND archive_sha256 = $2',
  session_skill_documents:
    'SELECT 1 FROM session_skills WHERE blob_workspace_id = $1 AND document_sha256 = $2',
};

const IS_REFERENCED = `SELECT ${Object.values(REFERENCES)
  .map((query) => `EXISTS (${query})`)
  .join(' OR ')} AS referenced`;

export function createPostgresLeftovers(database: Database): Leftovers {
  return {
    async ended(sessionIds) {
      const rows = await database.query<{ session_id: string; state: SessionEnd }>(
        `SELECT session_id, CASE WHEN deleted_at IS NULL THEN 'archived' ELSE 'deleted' END AS state FROM session_head
          WHERE session_id = ANY ($1) AND (deleted_at IS NOT NULL OR archived_at IS NOT NULL)`,
        [sessionIds],
        'ended-sessions',
      );
      return new Map(rows.map((row) => [row.session_id, row.state]));
    },
    async archivedBefore(sessionIds, olderThanMs) {
      const rows = await database.query<{ session_id: string }>(
        `SELECT session_id FROM session_head WHERE session_id = ANY ($1)
          AND archived_at < clock_timestamp() - make_interval(secs => $2 / 1000.0)`,
        [sessionIds, olderThanMs],
        'archived-before',
      );
      return rows.map((row) => row.session_id);
    },
    async loose(graceMs, limit) {
      await database.patient.query(
        `WITH expired AS (
          UPDATE files SET loosened = true WHERE NOT loosened AND expires_at <= clock_timestamp()
          RETURNING workspace_id, sha256, size_bytes)
        INSERT INTO loose_blobs (workspace_id, sha256, size_bytes)
          SELECT DISTINCT ON (workspace_id, sha256) workspace_id, sha256, size_bytes FROM expired
          ON CONFLICT DO NOTHING`,
        [],
      );
      const rows = await database.query<{ workspace_id: string; sha256: string }>(
        `SELECT workspace_id, sha256 FROM loose_blobs WHERE since < clock_timestamp() - make_interval(secs => $1 / 1000.0)
          ORDER BY since LIMIT $2`,
        [graceMs, limit],
      );
      return rows.map((row) => ({ workspaceId: row.workspace_id, sha256: row.sha256 }));
    },
    async settled(workspaceId, sha256) {
      await database.query('DELETE FROM loose_blobs WHERE workspace_id = $1 AND sha256 = $2', [
        workspaceId,
        sha256,
      ]);
    },
    async isReferenced(workspaceId, sha256) {
      const rows = await database.query<{ referenced: boolean }>(
        IS_REFERENCED,
        [workspaceId, sha256],
        'blob-is-referenced',
      );
      return rows[0]?.referenced ?? true;
    },
  };
}
