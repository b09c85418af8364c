import { AppError } from '../../../core/errors.ts';
import type { EnvironmentSpec, EnvironmentStore, StoredEnvironment } from '../environments.ts';
import type { Connection, Database } from './database.ts';
import { addAfter, conditions, sliceOf, toIso } from './keyset.ts';

interface EnvironmentRow {
  id: string;
  name: string;
  description: string | null;
  config: EnvironmentSpec['config'];
  metadata: Record<string, string>;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
}

const COLUMNS =
  'e.id, e.name, e.description, e.config, e.metadata, e.created_at, e.updated_at, e.archived_at';
const NOW = `date_trunc('milliseconds', clock_timestamp())`;

/** Environments on PostgreSQL. */
export function createPostgresEnvironments(database: Database): EnvironmentStore {
  return {
    async create(workspaceId, environmentId, spec) {
      const rows = await database.query<EnvironmentRow>(
        `INSERT INTO environments AS e (id, workspace_id, name, description, config, metadata, created_at, updated_at)
        SELECT $1, $2, $3, $4, $5, $6, at, at FROM (SELECT ${NOW} AS at) AS moment RETURNING ${COLUMNS}`,
        [environmentId, workspaceId, ...values(spec)],
      );
      return toEnvironment(one(rows));
    },

    async get(workspaceId, environmentId) {
      const rows = await database.query<EnvironmentRow>(
        `SELECT ${COLUMNS} FROM environments e WHERE e.workspace_id = $1 AND e.id = $2 AND e.deleted_at IS NULL`,
        [workspaceId, environmentId],
        'environment-get',
      );
      return rows[0] ? toEnvironment(rows[0]) : null;
    },

    update: async (workspaceId, environmentId, decide) =>
      database.transaction(async (connection) => {
        const spec = decide(await lock(connection, workspaceId, environmentId));
        const { rows } = await connection.query<EnvironmentRow>(
          `UPDATE environments e SET name = $2, description = $3, config = $4, metadata = $5, updated_at = ${NOW}
          WHERE id = $1 RETURNING ${COLUMNS}`,
          [environmentId, ...values(spec)],
        );
        return toEnvironment(one(rows));
      }),

    archive: async (workspaceId, environmentId) =>
      database.transaction(async (connection) => {
        const current = await lock(connection, workspaceId, environmentId);
        if (current.archived_at !== null) return current;
        const { rows } = await connection.query<EnvironmentRow>(
          `UPDATE environments e SET archived_at = ${NOW}, updated_at = ${NOW} WHERE id = $1 RETURNING ${COLUMNS}`,
          [environmentId],
        );
        return toEnvironment(one(rows));
      }),

    delete: async (workspaceId, environmentId) =>
      database.transaction(async (connection) => {
        await lock(connection, workspaceId, environmentId);
        const used = await connection.query('SELECT id FROM sessions WHERE environment_id = $1 LIMIT 1', [
          environmentId,
        ]);
        if (used.rowCount !== 0) {
          throw new AppError(
            'conflict',
            `Environment ${environmentId} is used by sessions. Delete them first, or archive the environment.`,
          );
        }
        await connection.query(`UPDATE environments SET deleted_at = ${NOW} WHERE id = $1`, [environmentId]);
      }),

    async list(workspaceId, { limit, after, archived }) {
      const where = conditions();
      where.add('e.workspace_id = ?', workspaceId);
      where.add('e.deleted_at IS NULL');
      if (archived === 'without') where.add('e.archived_at IS NULL');
      addAfter(where, 'e', after);
      const rows = await database.query<EnvironmentRow>(
        `SELECT ${COLUMNS} FROM environments e WHERE ${where.sql}
        ORDER BY e.created_at DESC, e.id DESC LIMIT ${where.value(limit + 1)}`,
        where.values,
      );
      return sliceOf(rows, limit, toEnvironment);
    },
  };
}

async function lock(
  connection: Connection,
  workspaceId: string,
  environmentId: string,
): Promise<StoredEnvironment> {
  const { rows } = await connection.query<EnvironmentRow>(
    `SELECT ${COLUMNS} FROM environments e
    WHERE e.id = $1 AND e.workspace_id = $2 AND e.deleted_at IS NULL FOR NO KEY UPDATE`,
    [environmentId, workspaceId],
  );
  if (!rows[0]) throw new AppError('not_found', `Environment ${environmentId} was not found.`);
  return toEnvironment(rows[0]);
}

function values(spec: EnvironmentSpec): unknown[] {
  return [spec.name, spec.description, JSON.stringify(spec.config), JSON.stringify(spec.metadata)];
}

function one(rows: readonly EnvironmentRow[]): EnvironmentRow {
  const [row] = rows;
  if (!row) throw new Error('a statement on an environment returned no row');
  return row;
}

function toEnvironment(row: EnvironmentRow): StoredEnvironment {
  return {
    id: row.id,
    type: 'environment',
    name: row.name,
    description: row.description,
    config: row.config,
    metadata: row.metadata,
    scope: 'organization',
    created_at: toIso(row.created_at),
    updated_at: toIso(row.updated_at),
    archived_at: toIso(row.archived_at),
  };
}
