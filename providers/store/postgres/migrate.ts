import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../core/errors.ts';
import type { Database } from './database.ts';

/** Where the numbered files are. */
export const MIGRATIONS = fileURLToPath(new URL('../migrations/', import.meta.url));
/** The table that names the files that were applied. */
export const APPLIED_TABLE =
  'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())';
/** Any number that nobody else uses as an advisory lock in this database. */
export const MIGRATION_LOCK = 7_261_933_001;

/** PostgreSQL's codes for a role that may not, a database that only reads, and a schema that the role cannot use. */
const MAY_NOT = new Set(['42501', '25006', '3F000']);

/** How a database's schema differs from the one that this version makes. */
export interface SchemaState {
  /** Migrations that it lacks. */
  missing: string[];
  /** Migrations that this version does not know: a newer one made them. */
  newer: string[];
}

/** Compares the schema with the files, and changes nothing. */
export async function schemaState(database: Pick<Database, 'query'>): Promise<SchemaState> {
  const known = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  const [table] = await database.query<{ there: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS there",
  );
  const rows = table?.there
    ? await database.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY name')
    : [];
  const applied = new Set(rows.map(({ name }) => name));
  return {
    missing: known.filter((name) => !applied.has(name)),
    newer: [...applied].filter((name) => !known.includes(name)),
  };
}

/**
 * Gets the schema ready for this version. One that is up to date is left alone, so the role needs no right to change it.
 *
 * @param mode - `auto`: what is missing is made. `check`: it is refused.
 * @returns the names of the migrations that were applied, and of those that a newer version made.
 * @throws `bad_config` when something is missing and may not be made.
 */
export async function prepareSchema(
  database: Database,
  mode: 'auto' | 'check',
): Promise<{ applied: string[]; newer: string[] }> {
  try {
    const { missing, newer } = await schemaState(database);
    if (missing.length === 0) return { applied: [], newer };
    if (mode === 'check') throw behind(missing, 'store.migrate is check');
    return { applied: await migrate(database), newer };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw behind([], error.message, error);
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && MAY_NOT.has(String(error.code));
}

function behind(missing: readonly string[], why: string, cause?: Error): AppError {
  const [first, ...rest] = missing;
  const lacks =
    first === undefined
      ? 'The schema of the store is not the one that this version needs'
      : `The schema of the store lacks ${first}${rest.length > 0 ? ` and ${rest.length} more` : ''}`;
  return new AppError(
    'bad_config',
    `${lacks}, and this process does not change it (${why}). Run npm run migrate with a role that may (store.migrate_url).`,
    { cause },
  );
}

/** Tables of the service in which the role may not read and write everything, though it has to. */
export async function tablesWithoutRights(database: Pick<Database, 'query'>): Promise<string[]> {
  // Others may keep tables of their own beside the service's: those of whoever made the service's are looked at. The audit log only grows.
  const rows = await database.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_class own ON own.oid = to_regclass('schema_migrations')
      AND own.relnamespace = c.relnamespace AND own.relowner = c.relowner
      WHERE c.relkind = 'r' AND NOT (
        has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND (c.relname = 'audit_log'
          OR (has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))))
      ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/**
 * Brings the schema up to date: applies the numbered `.sql` files that this database has not seen, each in a transaction of its own,
 * one process at a time. Returns the names of those applied.
 *
 * @param wanted - which files; by default all.
 */
export async function migrate(
  database: Database,
  folder: string = MIGRATIONS,
  wanted: (file: string) => boolean = () => true,
): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql') && wanted(name)).sort();
  const applied: string[] = [];
  for (const file of files) {
    const sql = await readFile(`${folder}/${file}`, 'utf8');
    // A large table may take longer than a statement of the service may, and so may another process that is at it.
    await database.unlimited.transaction(async (connection) => {
      await connection.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      await connection.query(APPLIED_TABLE);
      const known = await connection.query('SELECT 1 FROM schema_migrations WHERE name = $1', [file]);
      if (known.rowCount) return;
      await connection.query(sql);
      await connection.query('INSERT INTO schema_migrations (name) VALUES ($1)', [file]);
      applied.push(file);
    });
  }
  return applied;
}
