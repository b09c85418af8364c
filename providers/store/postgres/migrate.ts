import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Database } from './database.ts';

const FOLDER = fileURLToPath(new URL('../migrations/', import.meta.url));
/** Any number that nobody else uses as an advisory lock in this database. */
const LOCK = 7_261_933_001;

/**
 * Brings the schema up to date: applies the numbered `.sql` files that this database has not seen, each in a transaction of its own,
 * one process at a time. Returns the names of those applied.
 */
export async function migrate(database: Database, folder: string = FOLDER): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const applied: string[] = [];
  for (const file of files) {
    const sql = await readFile(`${folder}/${file}`, 'utf8');
    await database.transaction(async (connection) => {
      await connection.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      await connection.query(
        'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
      );
      const known = await connection.query('SELECT 1 FROM schema_migrations WHERE name = $1', [file]);
      if (known.rowCount) return;
      await connection.query(sql);
      await connection.query('INSERT INTO schema_migrations (name) VALUES ($1)', [file]);
      applied.push(file);
    });
  }
  return applied;
}
