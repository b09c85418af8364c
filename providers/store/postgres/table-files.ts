import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from, to } from 'pg-copy-streams';

/** What lies in one file. */
export interface SavedTable {
  name: string;
  /** Without those that are generated from others. */
  columns: string[];
  rows: number;
}

export interface SavedSequence {
  name: string;
  /** As text: it may be larger than a JavaScript number. */
  last: string;
  called: boolean;
}

/**
 * Tables that say something about this database or its present processes, not about the service's data; and who is signed in, so that
 * nobody is again after a restore who was shut out since.
 */
const LEFT_OUT = ['schema_migrations', 'workers', 'worker_offers', 'sign_ins', 'sign_in_secret'];

const fileOf = (folder: string, table: string): string => path.join(folder, `${table}.copy`);
const quoted = (names: readonly string[]): string =>
  names.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');

/**
 * Writes each table of the schema `public` into a file of the folder, in the text format of COPY. Runs in the transaction that `client`
 * is in, which must be one with a snapshot of its own (repeatable read), so that all files show one moment.
 */
export async function saveTables(
  client: Client,
  folder: string,
): Promise<{ tables: SavedTable[]; sequences: SavedSequence[] }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT relname AS name, array_agg(attname::text ORDER BY attnum) AS columns
      FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
        AND NOT relname = ANY ($1)
      GROUP BY relname ORDER BY relname`,
    [LEFT_OUT],
  );
  const tables: SavedTable[] = [];
  for (const { name, columns } of rows) {
    const copy = client.query(to(`COPY ${quoted([name])} (${quoted(columns)}) TO STDOUT`));
    await pipeline(copy, createWriteStream(fileOf(folder, name), { mode: 0o600, flush: true }));
    tables.push({ name, columns, rows: copy.rowCount ?? 0 });
  }
  return { tables, sequences: await sequencesOf(client) };
}

async function sequencesOf(client: Client): Promise<SavedSequence[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  const sequences: SavedSequence[] = [];
  for (const { name } of rows) {
    const state = await client.query<{ last: string; called: boolean }>(
      `SELECT last_value::text AS last, is_called AS called FROM ${quoted([name])}`,
    );
    const [found] = state.rows;
    if (found) sequences.push({ name, ...found });
  }
  return sequences;
}

/**
 * Fills tables from the files that {@link saveTables} wrote; the few rows that migrations put there are removed first. Runs in the transaction that `client` is in.
 * Rejects when a file holds another number of rows than was saved.
 */
export async function loadTables(
  client: Client,
  folder: string,
  saved: { tables: readonly SavedTable[]; sequences: readonly SavedSequence[] },
): Promise<void> {
  const tables = await referencedFirst(client, saved.tables);
  for (const { name } of tables.toReversed()) await client.query(`DELETE FROM ${quoted([name])}`);
  for (const { name, columns, rows } of tables) {
    const copy = client.query(from(`COPY ${quoted([name])} (${quoted(columns)}) FROM STDIN`));
    await pipeline(createReadStream(fileOf(folder, name)), copy);
    if (copy.rowCount !== rows) {
      throw new Error(`${fileOf(folder, name)} should hold ${rows} rows, and holds ${copy.rowCount ?? 0}.`);
    }
  }
  for (const { name, last, called } of saved.sequences) {
    await client.query('SELECT setval($1::regclass, $2, $3)', [quoted([name]), last, called]);
  }
}

/** Tables in an order in which rows exist before others refer to them. */
async function referencedFirst(client: Client, tables: readonly SavedTable[]): Promise<SavedTable[]> {
  const { rows } = await client.query<{ name: string; needs: string }>(
    `SELECT conrelid::regclass::text AS name, confrelid::regclass::text AS needs FROM pg_constraint
      WHERE contype = 'f' AND conrelid <> confrelid`,
  );
  const ordered = new Set<SavedTable>();
  const visit = (table: SavedTable): void => {
    for (const { needs } of rows.filter(({ name }) => name === table.name)) {
      const needed = tables.find(({ name }) => name === needs);
      if (needed && !ordered.has(needed)) visit(needed);
    }
    ordered.add(table);
  };
  for (const table of tables) visit(table);
  return [...ordered];
}
