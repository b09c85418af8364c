import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { z } from 'zod';
import { AppError } from '../../../core/errors.ts';
import { KEEP_ALIVE } from '../../postgres-client/session-settings.ts';
import { openDatabase } from './database.ts';
import { toAppError } from './failures.ts';
import { APPLIED_TABLE, MIGRATIONS, MIGRATION_LOCK, migrate } from './migrate.ts';
import { loadTables, saveTables } from './table-files.ts';

const Manifest = z.object({
  format: z.literal(1),
  taken_at: z.string(),
  /** Migrations that the saved database had. */
  migrations: z.array(z.string()),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()), rows: z.int() })),
  sequences: z.array(z.object({ name: z.string(), last: z.string(), called: z.boolean() })),
});

/** What a backup of the database holds. */
export type BackupManifest = z.output<typeof Manifest>;

const MANIFEST = 'database.json';
/** Tables may be large, and the disk slow; a session of a pooler may still have the service's limits. */
const UNLIMITED = 'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0';

/**
 * Saves the database into a folder as it is at one moment, while the service goes on. An earlier save in the folder is replaced once this
 * one is whole. Rejects with an `AppError` where PostgreSQL is not there or refuses the login, and later as PostgreSQL does.
 */
export async function saveDatabase(url: string, folder: string): Promise<BackupManifest> {
  const client = await connect(url);
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query(UNLIMITED);
    if (!(await hasTable(client, 'schema_migrations'))) {
      refuse('The database has no tables of the service: there is nothing to save.');
    }
    const moment = await client.query<{ at: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISSMS"Z"') AS at`,
    );
    const at = moment.rows[0]?.at ?? '';
    const applied = await client.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY name');
    const saved = await saveTables(client, path.join(folder, tablesOf(at)));
    await client.query('COMMIT');
    const manifest: BackupManifest = {
      format: 1,
      taken_at: at,
      migrations: applied.rows.map(({ name }) => name),
      ...saved,
    };
    const file = path.join(folder, MANIFEST);
    await writeFile(`${file}.new`, JSON.stringify(manifest, null, 2), { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
    for (const entry of await readdir(folder)) {
      if (entry.startsWith('tables-') && entry !== tablesOf(at)) {
        await rm(path.join(folder, entry), { recursive: true });
      }
    }
    return manifest;
  } finally {
    await client.end();
  }
}

/**
 * Puts a saved database back. What the target held is removed in the same transaction: it ends with everything or with what it had. The
 * schema is first made as it was at the save and then brought to that of this version, so that migrations treat the rows as they would
 * have.
 *
 * @param mode - `empty`: refuses a database that holds sessions or agents. `replace`: these are given up.
 * @throws `bad_config` where there is no save, it is of a newer version, or the database is not empty.
 */
export async function restoreDatabase(
  url: string,
  folder: string,
  mode: 'empty' | 'replace',
): Promise<BackupManifest> {
  const manifest = await readManifest(folder);
  const client = await connect(url);
  try {
    await client.query('BEGIN');
    await client.query(UNLIMITED);
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    if (mode === 'empty') await refuseHeld(client);
    await makeSchema(client, manifest.migrations);
    await loadTables(client, path.join(folder, tablesOf(manifest.taken_at)), manifest);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
  const database = openDatabase({ url, maximum: 1 });
  try {
    await migrate(database);
  } finally {
    await database.close();
  }
  return manifest;
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000, ...KEEP_ALIVE });
  try {
    await client.connect();
  } catch (error) {
    throw toAppError(error);
  }
  return client;
}

async function refuseHeld(client: Client): Promise<void> {
  for (const table of ['session_head', 'agents']) {
    if (!(await hasTable(client, table))) continue;
    const { rowCount } = await client.query(`SELECT 1 FROM ${table} LIMIT 1`);
    if (rowCount) {
      refuse(
        'The database holds sessions or agents. Restore into an empty one, or give these up by --replace.',
      );
    }
  }
}

async function hasTable(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    name,
  ]);
  return rows[0]?.there === true;
}

/** Removes all tables and functions of the service and makes those that these migrations make. */
async function makeSchema(client: Client, migrations: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I', relname) AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  if (rows.length > 0) await client.query(`DROP TABLE ${rows.map(({ name }) => name).join(', ')} CASCADE`);
  const functions = await client.query<{ signature: string }>(
    `SELECT oid::regprocedure::text AS signature FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')`,
  );
  for (const { signature } of functions.rows) await client.query(`DROP ROUTINE ${signature} CASCADE`);
  await client.query(APPLIED_TABLE);
  for (const name of migrations) {
    await client.query(await readFile(path.join(MIGRATIONS, name), 'utf8'));
    await client.query('INSERT INTO schema_migrations (name) VALUES ($1)', [name]);
  }
}

async function readManifest(folder: string): Promise<BackupManifest> {
  const file = path.join(folder, MANIFEST);
  if (!existsSync(file)) refuse(`${folder} holds no backup: there is no ${MANIFEST}.`);
  const parsed = Manifest.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!parsed.success) refuse(`${file} is not the description of a backup that this version can read.`);
  const known = await readdir(MIGRATIONS);
  const foreign = parsed.data.migrations.filter((name) => !known.includes(name));
  if (foreign.length > 0) {
    refuse(
      `The backup is of a newer version, which has ${foreign.join(', ')}. Restore it with that version.`,
    );
  }
  return parsed.data;
}

function tablesOf(takenAt: string): string {
  return `tables-${takenAt}`;
}

function refuse(message: string): never {
  throw new AppError('bad_config', message);
}
