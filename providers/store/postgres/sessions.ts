import type { SessionAgent } from '../../../core/agent/agent-types.ts';
import { AppError } from '../../../core/errors.ts';
import type { Budget, SessionStatus, StopReason } from '../../../core/journal/view.ts';
import type { SessionRecord, SessionStore, StoredRepository, StoredResource } from '../sessions.ts';
import type { Connection, Database } from './database.ts';
import { addRange, conditions } from './keyset.ts';
import { BUSY } from './read-head.ts';
import {
  addRepository,
  changeToken,
  readRepositories,
  readTokens,
  REPOSITORIES,
} from './session-repositories.ts';
import { attachFiles, readResources, RESOURCES } from './session-resources.ts';

interface SessionRow {
  id: string;
  workspace_id: string;
  agent: SessionAgent;
  environment_id: string;
  title: string | null;
  metadata: Record<string, string>;
  vault_ids: string[];
  budget: Budget | null;
  status: SessionStatus;
  stop: StopReason | null;
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_5m_input_tokens: number;
  cache_creation_1h_input_tokens: number;
  list_cost_nano_usd: number;
  unpriced: boolean;
  active_ms: number;
  running_since: number | null;
  last_seq: number;
  thread_id: string;
  resources: StoredResource[];
  repositories: StoredRepository[];
  created_at: number;
  updated_at: number;
  archived_at: number | null;
}

/** The status as clients see it. */
const STATUS = `CASE WHEN h.status = 'idle' AND ${BUSY} THEN 'running' ELSE h.status END`;

const SELECT = `
  SELECT s.id, s.workspace_id, s.agent, s.environment_id, s.title, s.metadata, s.vault_ids, s.budget, ${STATUS} AS status, h.stop,
    h.input_tokens, h.output_tokens, h.cache_read_input_tokens, h.cache_creation_5m_input_tokens, h.cache_creation_1h_input_tokens,
    h.list_cost_nano_usd, h.unpriced, h.active_ms, h.running_since, h.last_seq, t.thread_id, ${RESOURCES} AS resources,
    ${REPOSITORIES} AS repositories, s.created_at,
    greatest(s.updated_at, h.processed_at) AS updated_at, h.archived_at
  FROM sessions s
    JOIN session_head h ON h.session_id = s.id
    JOIN session_threads t ON t.session_id = s.id AND t.is_primary`;

/** Sessions on PostgreSQL. */
export function createPostgresSessions(database: Database): SessionStore {
  return {
    async get(workspaceId, sessionId) {
      const rows = await database.query<SessionRow>(
        `${SELECT} WHERE s.workspace_id = $1 AND s.id = $2`,
        [workspaceId, sessionId],
        'session-get',
      );
      return rows[0] ? toRecord(rows[0]) : null;
    },

    async list(workspaceId, { limit, order, from, created, archived, statuses, agent }) {
      const where = conditions();
      where.add('s.workspace_id = ?', workspaceId);
      if (archived === 'without') where.add('h.archived_at IS NULL');
      if (statuses !== null) where.add(`${STATUS} = ANY (?)`, statuses);
      if (agent !== null) where.add('s.agent_id = ?', agent.id);
      if (agent?.version != null) where.add('s.agent_version = ?', agent.version);
      addRange(where, 's.created_at', created);
      const backwards = from?.side === 'before';
      const direction = (order === 'asc') === backwards ? 'DESC' : 'ASC';
      if (from) {
        const operator = direction === 'DESC' ? '<' : '>';
        where.add(
          `(s.created_at, s.id) ${operator} (to_timestamp(? / 1000.0), ?)`,
          from.position.at,
          from.position.id,
        );
      }
      const rows = await database.query<SessionRow>(
        `${SELECT} WHERE ${where.sql} ORDER BY s.created_at ${direction}, s.id ${direction}
        LIMIT ${where.value(limit + 1)}`,
        where.values,
      );
      const items = rows.slice(0, limit).map(toRecord);
      const more = rows.length > limit;
      return backwards
        ? { items: items.reverse(), hasBefore: more, hasAfter: true }
        : { items, hasBefore: from !== null, hasAfter: more };
    },

    attach: async (workspaceId, sessionId, resource, check) =>
      database.transaction(async (connection) => {
        check(await holdPlaces(connection, workspaceId, sessionId));
        await attachFiles(connection, workspaceId, sessionId, [resource]);
        const stored = (await readResources(connection, sessionId)).find(({ id }) => id === resource.id);
        if (!stored) throw new Error(`the resource ${resource.id} was not stored`);
        return stored;
      }),

    attachRepository: async (workspaceId, sessionId, repository, check) =>
      database.transaction(async (connection) => {
        check(await holdPlaces(connection, workspaceId, sessionId));
        await addRepository(connection, database.cipher, { id: sessionId, workspaceId }, repository);
        const stored = (await readRepositories(connection, sessionId)).find(({ id }) => id === repository.id);
        if (!stored) throw new Error(`the repository ${repository.id} was not stored`);
        return stored;
      }),

    changeToken: async (workspaceId, sessionId, resourceId, token) =>
      changeToken(database, { workspaceId, sessionId, resourceId }, token),

    repositories: async (workspaceId, sessionId) => readTokens(database, workspaceId, sessionId),

    async detach(workspaceId, sessionId, resourceId) {
      const repositories = await database.query(
        `DELETE FROM session_repositories r USING sessions s
        WHERE r.id = $3 AND r.session_id = $2 AND s.id = r.session_id AND s.workspace_id = $1 RETURNING r.id`,
        [workspaceId, sessionId, resourceId],
      );
      if (repositories.length > 0) return true;
      const rows = await database.query(
        `DELETE FROM files f USING session_resources r, sessions s
        WHERE r.id = $3 AND r.session_id = $2 AND s.id = r.session_id AND s.workspace_id = $1 AND f.id = r.file_id
        RETURNING f.id`,
        [workspaceId, sessionId, resourceId],
      );
      return rows.length > 0;
    },

    async countRunning(workspaceId) {
      const rows = await database.query<{ count: number }>(
        `SELECT count(*) AS count FROM session_head h
        WHERE h.workspace_id = $1 AND h.deleted_at IS NULL AND (h.status IN ('running', 'rescheduling')
          OR h.session_id IN (SELECT session_id FROM events WHERE processed_at IS NULL)) AND ${BUSY}`,
        [workspaceId],
      );
      return rows[0]?.count ?? 0;
    },
  };
}

/** Holds the session's row, and reads what is placed into its sandbox. Rejects with `not_found`. */
async function holdPlaces(
  connection: Connection,
  workspaceId: string,
  sessionId: string,
): Promise<{ mountPath: string }[]> {
  const held = await connection.query(
    'SELECT 1 FROM sessions WHERE id = $1 AND workspace_id = $2 FOR NO KEY UPDATE',
    [sessionId, workspaceId],
  );
  if (held.rowCount === 0) throw new AppError('not_found', `Session ${sessionId} was not found.`);
  return [
    ...(await readResources(connection, sessionId)),
    ...(await readRepositories(connection, sessionId)),
  ];
}

function toRecord(row: SessionRow): SessionRecord {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    agent: row.agent,
    environmentId: row.environment_id,
    title: row.title,
    metadata: row.metadata,
    vaultIds: row.vault_ids,
    budget: row.budget,
    status: row.status,
    stop: row.stop,
    usage: {
      input_tokens: row.input_tokens,
      output_tokens: row.output_tokens,
      cache_read_input_tokens: row.cache_read_input_tokens,
      cache_creation_5m_input_tokens: row.cache_creation_5m_input_tokens,
      cache_creation_1h_input_tokens: row.cache_creation_1h_input_tokens,
      list_cost_nano_usd: row.list_cost_nano_usd,
    },
    unpriced: row.unpriced,
    activeMs: row.active_ms,
    runningSince: row.running_since,
    lastSeq: row.last_seq,
    threadId: row.thread_id,
    resources: row.resources,
    repositories: row.repositories,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    archivedAt: row.archived_at,
  };
}
