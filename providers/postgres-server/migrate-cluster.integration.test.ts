import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterEach, expect, it } from 'vitest';
import { readHostEnvironment } from '../../config.ts';
import { packagedPostgres } from './binaries.ts';
import { migrateCluster, type ClusterMigration } from './migrate-cluster.ts';
import { startPostgres } from './start-postgres.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const TABLES = `CREATE TABLE IF NOT EXISTS parents (id bigserial PRIMARY KEY, name text, loud text GENERATED ALWAYS AS (upper(name)) STORED);
  CREATE TABLE IF NOT EXISTS children (id int PRIMARY KEY, parent bigint NOT NULL REFERENCES parents, body json)`;

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

function options(dataDir: string) {
  const { runtimeDir, tempDir } = readHostEnvironment();
  return { dataDir, logFile: path.join(dataDir, 'logs', 'postgres.log'), runtimeDir, tempDir, say: () => {} };
}

/** A cluster that says it is of an older major version; it is read by the programs that wrote it. */
async function makeOldCluster(): Promise<{ dataDir: string; binariesOf: ClusterMigration['binariesOf'] }> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'migrate-cluster-'));
  chmodSync(dataDir, 0o711);
  folders.push(dataDir);
  const server = await startPostgres(options(dataDir));
  await query(server.url, TABLES);
  await query(
    server.url,
    `INSERT INTO parents (name) SELECT 'p' || n FROM generate_series(1, 500) n;
     INSERT INTO children SELECT n, n, json_build_object('text', E'tab\\tnewline\\n\\\\ü') FROM generate_series(1, 500) n`,
  );
  await server.stop();
  const version = path.join(dataDir, 'postgres', 'PG_VERSION');
  writeFileSync(version, '9\n');
  return {
    dataDir,
    binariesOf: () => {
      writeFileSync(version, `${packagedPostgres().major}\n`);
      return Promise.resolve(packagedPostgres());
    },
  };
}

const prepareSchema = async (url: string) => {
  await query(url, TABLES);
};

it('carries all rows and sequences over, and keeps the old files', async () => {
  const { dataDir, binariesOf } = await makeOldCluster();
  await expect(startPostgres(options(dataDir))).rejects.toThrow(/npm run migrate:postgres/);
  const kept = await migrateCluster({ ...options(dataDir), binariesOf, prepareSchema });
  expect(kept).toBe(path.join(dataDir, 'postgres-9'));
  expect(existsSync(path.join(dataDir, 'postgres-9', 'PG_VERSION'))).toBe(true);
  const server = await startPostgres(options(dataDir));
  const rows = await query(
    server.url,
    `SELECT count(*)::int AS n, max(loud) AS loud, min(body->>'text') AS text FROM parents JOIN children ON parent = parents.id`,
  );
  expect(rows).toEqual([{ n: 500, loud: 'P99', text: 'tab\tnewline\n\\ü' }]);
  expect(await query(server.url, `INSERT INTO parents (name) VALUES ('next') RETURNING id`)).toEqual([
    { id: '501' },
  ]);
  await server.stop();
});

it('leaves everything as it was when it fails', async () => {
  const { dataDir, binariesOf } = await makeOldCluster();
  let calls = 0;
  const failing = migrateCluster({
    ...options(dataDir),
    binariesOf,
    prepareSchema: (url) =>
      (calls += 1) === 2 ? Promise.reject(new Error('no schema')) : prepareSchema(url),
  });
  await expect(failing).rejects.toThrow('no schema');
  const server = await startPostgres(options(dataDir));
  expect(await query(server.url, 'SELECT count(*)::int AS n FROM children')).toEqual([{ n: 500 }]);
  await server.stop();
});

it('does nothing when the version is right', async () => {
  const { dataDir, binariesOf } = await makeOldCluster();
  await binariesOf('9');
  expect(await migrateCluster({ ...options(dataDir), binariesOf, prepareSchema })).toBeNull();
});
