import type { Agent } from '../../../core/agent/agent-types.ts';
import type { AgentSpec } from '../../../core/agent/agent-spec.ts';
import { AppError } from '../../../core/errors.ts';
import type { AgentStore } from '../agents.ts';
import type { Connection, Database } from './database.ts';
import { addAfter, addRange, conditions, sliceOf, toIso } from './keyset.ts';

interface AgentRow {
  id: string;
  version: number;
  spec: AgentSpec;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
}

const COLUMNS = 'a.id, v.version, v.spec, a.created_at, v.created_at AS updated_at, a.archived_at';
const NEWEST = 'agents a JOIN agent_versions v ON v.agent_id = a.id AND v.version = a.version';
const NOW = `date_trunc('milliseconds', clock_timestamp())`;

/** Agents on PostgreSQL. */
export function createPostgresAgents(database: Database): AgentStore {
  async function addVersion(connection: Connection, agentId: string, version: number, spec: AgentSpec) {
    await connection.query(
      `WITH added AS (
        INSERT INTO agent_versions (agent_id, version, spec, created_at) VALUES ($1, $2, $3, ${NOW}) RETURNING created_at)
      UPDATE agents SET version = $2, updated_at = added.created_at FROM added WHERE id = $1`,
      [agentId, version, JSON.stringify(spec)],
    );
    return newest(connection, agentId);
  }

  return {
    create: async (workspaceId, agentId, spec) =>
      database.transaction(async (connection) => {
        await connection.query(
          `WITH moment AS (SELECT ${NOW} AS at), agent AS (
            INSERT INTO agents (id, workspace_id, version, created_at, updated_at) SELECT $1, $2, 1, at, at FROM moment)
          INSERT INTO agent_versions (agent_id, version, spec, created_at) SELECT $1, 1, $3, at FROM moment`,
          [agentId, workspaceId, JSON.stringify(spec)],
        );
        return newest(connection, agentId);
      }),

    async get(workspaceId, agentId, version) {
      const rows = await database.query<AgentRow>(
        `SELECT ${COLUMNS} FROM agents a JOIN agent_versions v ON v.agent_id = a.id AND v.version = coalesce($3, a.version)
        WHERE a.workspace_id = $1 AND a.id = $2`,
        [workspaceId, agentId, version ?? null],
        'agent-get',
      );
      return rows[0] ? toAgent(rows[0]) : null;
    },

    update: async (workspaceId, agentId, decide) =>
      database.transaction(async (connection) => {
        await lock(connection, workspaceId, agentId);
        const current = await newest(connection, agentId);
        const spec = decide(current);
        return spec === null ? current : addVersion(connection, agentId, current.version + 1, spec);
      }),

    archive: async (workspaceId, agentId) =>
      database.transaction(async (connection) => {
        await lock(connection, workspaceId, agentId);
        await connection.query(
          `UPDATE agents SET archived_at = ${NOW} WHERE id = $1 AND archived_at IS NULL`,
          [agentId],
        );
        return newest(connection, agentId);
      }),

    async list(workspaceId, { limit, after, created, archived }) {
      const where = conditions();
      where.add('a.workspace_id = ?', workspaceId);
      if (archived === 'without') where.add('a.archived_at IS NULL');
      addRange(where, 'a.created_at', created);
      addAfter(where, 'a', after);
      const rows = await database.query<AgentRow>(
        `SELECT ${COLUMNS} FROM ${NEWEST} WHERE ${where.sql}
        ORDER BY a.created_at DESC, a.id DESC LIMIT ${where.value(limit + 1)}`,
        where.values,
      );
      return sliceOf(rows, limit, toAgent);
    },

    async versions(workspaceId, agentId, { limit, before }) {
      const rows = await database.query<AgentRow>(
        `SELECT ${COLUMNS} FROM agents a JOIN agent_versions v ON v.agent_id = a.id
        WHERE a.workspace_id = $1 AND a.id = $2 AND v.version < coalesce($3::bigint, 2147483648)
        ORDER BY v.version DESC LIMIT $4`,
        [workspaceId, agentId, before, limit + 1],
      );
      if (rows.length === 0 && before === null) throw notFound(agentId);
      const kept = rows.slice(0, limit);
      return {
        items: kept.map(toAgent),
        next: rows.length > limit ? (kept.at(-1)?.version ?? null) : null,
      };
    },
  };
}

async function lock(connection: Connection, workspaceId: string, agentId: string): Promise<void> {
  const found = await connection.query(
    'SELECT 1 FROM agents WHERE id = $1 AND workspace_id = $2 FOR NO KEY UPDATE',
    [agentId, workspaceId],
  );
  if (found.rowCount === 0) throw notFound(agentId);
}

async function newest(connection: Connection, agentId: string): Promise<Agent> {
  const { rows } = await connection.query<AgentRow>(`SELECT ${COLUMNS} FROM ${NEWEST} WHERE a.id = $1`, [
    agentId,
  ]);
  const row = rows[0];
  if (!row) throw new Error(`the agent ${agentId} has no version`);
  return toAgent(row);
}

function notFound(agentId: string): AppError {
  return new AppError('not_found', `Agent ${agentId} was not found.`);
}

function toAgent(row: AgentRow): Agent {
  return {
    id: row.id,
    type: 'agent',
    version: row.version,
    ...row.spec,
    created_at: toIso(row.created_at),
    updated_at: toIso(row.updated_at),
    archived_at: toIso(row.archived_at),
  };
}
