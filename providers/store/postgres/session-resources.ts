import { AppError } from '../../../core/errors.ts';
import type { NewResource, StoredResource } from '../sessions.ts';
import type { Connection } from './database.ts';

/** A session's resources as JSON, in an expression over `s` (its row). */
export const RESOURCES = `(SELECT coalesce(json_agg(json_build_object('id', r.id, 'ordinal', r.ordinal, 'fileId', r.file_id, 'mountPath', r.mount_path,
    'createdAt', floor(extract(epoch FROM r.created_at) * 1000)::bigint,
    'updatedAt', floor(extract(epoch FROM r.updated_at) * 1000)::bigint) ORDER BY r.ordinal), '[]')
  FROM session_resources r WHERE r.session_id = s.id)`;

/**
 * Attaches files to a session, inside the transaction that creates it or holds its row: each as a copy that belongs to the session.
 * Rejects with `not_found` for a file that the workspace does not have, or that expired.
 */
export async function attachFiles(
  connection: Connection,
  workspaceId: string,
  sessionId: string,
  resources: readonly NewResource[],
): Promise<void> {
  if (resources.length === 0) return;
  const moment = `date_trunc('milliseconds', clock_timestamp())`;
  const copied = await connection.query<{ id: string }>(
    `INSERT INTO files (id, workspace_id, session_id, filename, mime_type, size_bytes, sha256, downloadable, created_at, expires_at)
    SELECT n.file_id, f.workspace_id, $2, f.filename, f.mime_type, f.size_bytes, f.sha256, f.downloadable, ${moment}, NULL
    FROM unnest($3::text[], $4::text[]) AS n (file_id, copy_of)
    JOIN files f ON f.id = n.copy_of AND f.workspace_id = $1
      AND (f.expires_at IS NULL OR f.expires_at > clock_timestamp())
    RETURNING id`,
    [workspaceId, sessionId, resources.map(({ fileId }) => fileId), resources.map(({ copyOf }) => copyOf)],
  );
  const stored = new Set(copied.rows.map(({ id }) => id));
  const missing = resources.find(({ fileId }) => !stored.has(fileId));
  if (missing) throw new AppError('not_found', `File ${missing.copyOf} was not found.`);
  await connection.query(
    `INSERT INTO session_resources (id, session_id, type, file_id, mount_path, created_at, updated_at)
    SELECT n.id, $1, 'file', n.file_id, n.mount_path, at, at
    FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS n (id, file_id, mount_path, place),
      (SELECT ${moment} AS at) AS moment
    ORDER BY n.place`,
    [
      sessionId,
      resources.map(({ id }) => id),
      resources.map(({ fileId }) => fileId),
      resources.map(({ mountPath }) => mountPath),
    ],
  );
}

/** The session's resources, inside a transaction. */
export async function readResources(connection: Connection, sessionId: string): Promise<StoredResource[]> {
  const { rows } = await connection.query<{ resources: StoredResource[] }>(
    `SELECT ${RESOURCES} AS resources FROM (SELECT $1::text AS id) AS s`,
    [sessionId],
  );
  return rows[0]?.resources ?? [];
}
