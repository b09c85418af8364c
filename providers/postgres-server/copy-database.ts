import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from, to } from 'pg-copy-streams';

/**
 * Copies the rows of all tables, and where sequences stand, from one database into another that has the same tables. Rows that are
 * there are removed first. Needs superusers, since triggers and foreign keys rest meanwhile. One transaction on each side: the target
 * has everything or nothing. Returns the number of rows by table. Throws when the target's counts differ in the end.
 */
export async function copyDatabase(sourceUrl: string, targetUrl: string): Promise<Map<string, number>> {
  const source = new Client({ connectionString: sourceUrl });
  const target = new Client({ connectionString: targetUrl });
  await source.connect();
  await target.connect();
  try {
    await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await target.query('BEGIN');
    await target.query('SET LOCAL session_replication_role = replica');
    const tables = await namesOf(source, 'r');
    if (tables.length > 0) await target.query(`TRUNCATE ${tables.join(', ')}`);
    const counts = new Map<string, number>();
    for (const table of tables) {
      const columns = await columnsOf(source, table);
      const reading = source.query(to(`COPY (SELECT ${columns} FROM ${table}) TO STDOUT`));
      const writing = target.query(from(`COPY ${table} (${columns}) FROM STDIN`));
      await pipeline(reading, writing);
      counts.set(table, await sameCount(source, target, table));
    }
    for (const sequence of await namesOf(source, 'S')) {
      const { rows } = await source.query<{ last_value: string; is_called: boolean }>(
        `SELECT last_value, is_called FROM ${sequence}`,
      );
      await target.query('SELECT setval($1, $2, $3)', [sequence, rows[0]?.last_value, rows[0]?.is_called]);
    }
    await target.query('COMMIT');
    return counts;
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
}

/** Quoted names of the relations of a kind that are not the system's. */
async function namesOf(client: Client, kind: 'r' | 'S'): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', nspname, relname) AS name FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
      WHERE relkind = $1 AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1`,
    [kind],
  );
  return rows.map((row) => row.name);
}

/** Columns that hold values of their own; generated ones are made again. */
async function columnsOf(client: Client, table: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [table],
  );
  return rows.map((row) => row.name).join(', ');
}

async function sameCount(source: Client, target: Client, table: string): Promise<number> {
  const [before, after] = await Promise.all(
    [source, target].map(async (client) => {
      const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
      return Number(rows[0]?.n);
    }),
  );
  if (before !== after) throw new Error(`${table} has ${before} rows, but ${after} arrived.`);
  return after ?? 0;
}
