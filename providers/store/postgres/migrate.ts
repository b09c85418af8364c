import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Database } from './database.ts';

/** Where the numbered files are. */
export const MIGRATIONS = fileURLToPath(new URL('../migrations/', import.meta.url));
/** The table that names the files that were applied. */
export const APPLIED_TABLE =
  'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())';
/** Any number that nobody else uses as an advisory lock in this database. */
export const MIGRATION_LOCK = 7_261_933_001;

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
    await database.transaction(async (connection) => {
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
