import { quotaExceeded } from '../../../core/files/quota-exceeded.ts';
import type { FileStore, StoredFile } from '../files.ts';
import type { Database } from './database.ts';
import { conditions } from './keyset.ts';

interface FileRow {
  id: string;
  workspace_id: string;
  session_id: string | null;
  filename: string;
  mime_type: string;
  size_bytes: number;
  sha256: string;
  downloadable: boolean;
  created_at: number;
  expires_at: number | null;
}

const COLUMNS = `f.id, f.workspace_id, f.session_id, f.filename, f.mime_type, f.size_bytes, f.sha256, f.downloadable, f.created_at,
  f.expires_at`;

/** Namespace of the advisory locks of workspaces whose files are being counted. */
const QUOTA_LOCK = 7_301;

/** Copies of one content are one blob. */
const USED = `SELECT
  (SELECT coalesce(sum(size_bytes), 0) FROM (
    SELECT DISTINCT sha256, size_bytes FROM files
    WHERE workspace_id = $1 AND (expires_at IS NULL OR expires_at > clock_timestamp())) AS live) AS files,
  (SELECT coalesce(sum(size_bytes), 0) FROM (
    SELECT sha256, size_bytes FROM files WHERE workspace_id = $1 AND NOT loosened
    UNION SELECT archive_sha256, archive_bytes FROM skill_versions WHERE workspace_id = $1
    UNION SELECT document_sha256, document_bytes FROM skill_versions WHERE workspace_id = $1
    UNION SELECT sha256, size_bytes FROM loose_blobs WHERE workspace_id = $1) AS present) AS held`;

interface Used {
  files: number;
  held: number;
}

function roomOf(used: Used | undefined, quotaBytes: number): { files: number; held: number } {
  const held = 2 * quotaBytes - (used?.held ?? 0);
  return { files: Math.min(quotaBytes - (used?.files ?? 0), held), held };
}

const INSERT = `INSERT INTO files AS f (id, workspace_id, session_id, filename, mime_type, size_bytes, sha256, downloadable, created_at,
    expires_at)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, at, at + make_interval(secs => $9)
  FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) AS moment
  RETURNING ${COLUMNS}`;

/** Files on PostgreSQL. */
export function createPostgresFiles(database: Database): FileStore {
  return {
    create: async (file, quotaBytes) =>
      database.transaction(async (connection) => {
        // One file of a workspace at a time, or two could fit that do not fit together.
        await connection.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [
          QUOTA_LOCK,
          file.workspaceId,
        ]);
        const { rows: sums } = await connection.query<Used>(USED, [file.workspaceId]);
        if (file.bytes > roomOf(sums[0], quotaBytes).files) throw quotaExceeded(quotaBytes);
        const { rows } = await connection.query<FileRow>(INSERT, [
          file.id,
          file.workspaceId,
          file.sessionId,
          file.filename,
          file.mimeType,
          file.bytes,
          file.sha256,
          file.downloadable,
          file.expiresInSeconds,
        ]);
        const [row] = rows;
        if (!row) throw new Error('a file was not stored');
        return toFile(row);
      }),

    async get(workspaceId, fileId) {
      const rows = await database.query<FileRow>(
        `SELECT ${COLUMNS} FROM files f WHERE f.workspace_id = $1 AND f.id = $2`,
        [workspaceId, fileId],
        'file-get',
      );
      return rows[0] ? toFile(rows[0]) : null;
    },

    async some(workspaceId, ids) {
      const rows = await database.query<FileRow>(
        `SELECT ${COLUMNS} FROM files f WHERE f.workspace_id = $1 AND f.id = ANY ($2)
        ORDER BY f.created_at DESC, f.id DESC`,
        [workspaceId, ids],
        'file-some',
      );
      return rows.map(toFile);
    },

    async delete(workspaceId, fileId) {
      const rows = await database.query(
        'DELETE FROM files WHERE workspace_id = $1 AND id = $2 RETURNING id',
        [workspaceId, fileId],
      );
      return rows.length > 0;
    },

    async list(workspaceId, { limit, from, sessionId }) {
      const where = conditions();
      where.add('f.workspace_id = ?', workspaceId);
      if (sessionId !== null) where.add('f.session_id = ?', sessionId);
      const backwards = from?.side === 'before';
      if (from) {
        where.add(
          `(f.created_at, f.id) ${backwards ? '>' : '<'} (to_timestamp(? / 1000.0), ?)`,
          from.position.at,
          from.position.id,
        );
      }
      const direction = backwards ? 'ASC' : 'DESC';
      const rows = await database.query<FileRow>(
        `SELECT ${COLUMNS} FROM files f WHERE ${where.sql}
        ORDER BY f.created_at ${direction}, f.id ${direction} LIMIT ${where.value(limit + 1)}`,
        where.values,
      );
      const items = rows.slice(0, limit).map(toFile);
      return { items: backwards ? items.reverse() : items, hasMore: rows.length > limit };
    },

    async room(workspaceId, quotaBytes) {
      const [used] = await database.query<Used>(USED, [workspaceId]);
      return roomOf(used, quotaBytes);
    },

    async loosen(workspaceId, blobs) {
      if (blobs.length === 0) return;
      await database.query(
        `INSERT INTO loose_blobs (workspace_id, sha256, size_bytes)
          SELECT DISTINCT ON (sha256) $1, sha256, bytes FROM unnest($2::text[], $3::bigint[]) AS n (sha256, bytes)
          ON CONFLICT (workspace_id, sha256) DO UPDATE SET since = clock_timestamp()`,
        [workspaceId, blobs.map(({ sha256 }) => sha256), blobs.map(({ bytes }) => bytes)],
      );
    },

    async removeExpired(keepMs) {
      const rows = await database.patient.query(
        `DELETE FROM files WHERE expires_at < clock_timestamp() - make_interval(secs => $1 / 1000.0) RETURNING id`,
        [keepMs],
      );
      return rows.length;
    },
  };
}

function toFile(row: FileRow): StoredFile {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    sessionId: row.session_id,
    filename: row.filename,
    mimeType: row.mime_type,
    bytes: row.size_bytes,
    sha256: row.sha256,
    downloadable: row.downloadable,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
