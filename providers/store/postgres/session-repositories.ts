import type { RowCipher, RowPlace } from '../../encryption/row-cipher.ts';
import type { NewRepository, NewResource, StoredRepository } from '../sessions.ts';
import type { Connection, Database } from './database.ts';
import { attachFiles } from './session-resources.ts';

const SHOWN = `json_build_object('id', r.id, 'ordinal', r.ordinal, 'url', r.url, 'checkout', r.checkout, 'mountPath', r.mount_path,
    'createdAt', floor(extract(epoch FROM r.created_at) * 1000)::bigint,
    'updatedAt', floor(extract(epoch FROM r.updated_at) * 1000)::bigint)`;

/** A session's repositories as JSON, in an expression over `s` (its row). Tokens are not among it. */
export const REPOSITORIES = `(SELECT coalesce(json_agg(${SHOWN} ORDER BY r.ordinal), '[]')
  FROM session_repositories r WHERE r.session_id = s.id)`;

function placeOf(workspaceId: string, sessionId: string, resourceId: string): RowPlace {
  return { workspaceId, sessionId, rowId: resourceId, column: 'token' };
}

/** Attaches a repository to a session, inside the transaction that creates it or holds its row. */
export async function addRepository(
  connection: Connection,
  cipher: RowCipher,
  session: { id: string; workspaceId: string },
  { id, url, checkout, mountPath, token }: NewRepository,
): Promise<void> {
  await connection.query(
    `INSERT INTO session_repositories (id, session_id, url, checkout, mount_path, token, created_at, updated_at)
    SELECT $1, $2, $3, $4, $5, $6, at, at FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) AS moment`,
    [
      id,
      session.id,
      url,
      checkout === null ? null : JSON.stringify(checkout),
      mountPath,
      token === null ? null : cipher.sealText(token, placeOf(session.workspaceId, session.id, id)),
    ],
  );
}

/** Attaches files and repositories in their order. Rejects with `not_found` for an unknown file. */
export async function placeResources(
  connection: Connection,
  cipher: RowCipher,
  session: { id: string; workspaceId: string },
  resources: readonly (NewResource | NewRepository)[],
): Promise<void> {
  let files: NewResource[] = [];
  const placeFiles = async (): Promise<void> => {
    await attachFiles(connection, session.workspaceId, session.id, files);
    files = [];
  };
  for (const resource of resources) {
    if ('fileId' in resource) {
      files.push(resource);
      continue;
    }
    await placeFiles();
    await addRepository(connection, cipher, session, resource);
  }
  await placeFiles();
}

/** The session's repositories, inside a transaction. */
export async function readRepositories(
  connection: Connection,
  sessionId: string,
): Promise<StoredRepository[]> {
  const { rows } = await connection.query<{ repositories: StoredRepository[] }>(
    `SELECT ${REPOSITORIES} AS repositories FROM (SELECT $1::text AS id) AS s`,
    [sessionId],
  );
  return rows[0]?.repositories ?? [];
}

/** The session's repositories with their tokens. Throws `key_missing` and `undecryptable`. */
export async function readTokens(
  database: Database,
  workspaceId: string,
  sessionId: string,
): Promise<(StoredRepository & { token: string | null })[]> {
  const rows = await database.query<{ shown: StoredRepository; token: string | null }>(
    `SELECT ${SHOWN} AS shown, r.token FROM session_repositories r JOIN sessions s ON s.id = r.session_id
    WHERE r.session_id = $1 AND s.workspace_id = $2 ORDER BY r.ordinal`,
    [sessionId, workspaceId],
    'session-repositories',
  );
  return rows.map(({ shown, token }) => ({
    ...shown,
    token: token === null ? null : database.cipher.openText(token, placeOf(workspaceId, sessionId, shown.id)),
  }));
}

/** Replaces a token; null when there is no such repository. */
export async function changeToken(
  database: Database,
  place: { workspaceId: string; sessionId: string; resourceId: string },
  token: string,
): Promise<StoredRepository | null> {
  const { workspaceId, sessionId, resourceId } = place;
  const rows = await database.query<{ shown: StoredRepository }>(
    `UPDATE session_repositories r SET token = $4, updated_at = date_trunc('milliseconds', clock_timestamp())
    FROM sessions s WHERE r.id = $3 AND r.session_id = $2 AND s.id = r.session_id AND s.workspace_id = $1
    RETURNING ${SHOWN} AS shown`,
    [
      workspaceId,
      sessionId,
      resourceId,
      database.cipher.sealText(token, placeOf(workspaceId, sessionId, resourceId)),
    ],
  );
  return rows[0]?.shown ?? null;
}
