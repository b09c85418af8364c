import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

/** What one caller gets for itself. */
export interface TestServices {
  /** An empty database on a live PostgreSQL; the role owns it and is no superuser. */
  postgresUrl: string;
  /** The same database as superuser, for tests that look behind the scenes or cut connections. */
  postgresAdminUrl: string;
  /** host:port of a live Temporal server. */
  temporalAddress: string;
  /** Namespace `default`, with retention and search attributes as in production. */
  temporalNamespace: string;
  /** Used by nobody else; also fit as a prefix of workflow ids, which all files of a run share. */
  taskQueue: string;
  temporalUiUrl: string;
  /** Drops the database, cutting what is still connected. The servers stay for the next file. */
  stop(): Promise<void>;
}

/**
 * A live PostgreSQL and a live Temporal for an integration test. The two servers are started once per vitest run (about a second) and
 * shared; each call gives a fresh, empty database and a fresh task queue, so files and tests do not meet. Call it in `beforeAll` (or per
 * test: a database costs some 50 ms) and `stop()` in `afterAll`. Only for files of the `integration` project
 * (`*.integration.test.ts` or `test/integration/`).
 *
 * A test that kills servers starts its own with `startPostgres` and `startTemporal`; never kill the shared ones. Benches and scripts
 * outside vitest use `startServices` of `services.ts`.
 */
export async function startTestServices(): Promise<TestServices> {
  const services = inject('services');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const role = new URL(services.postgresUrl.replace('@/', '@socket/')).username;
  await administer(services.postgresAdminUrl, `CREATE DATABASE ${name} OWNER ${role}`);
  return {
    postgresUrl: withDatabase(services.postgresUrl, name),
    postgresAdminUrl: withDatabase(services.postgresAdminUrl, name),
    temporalAddress: services.temporalAddress,
    temporalNamespace: 'default',
    taskQueue: name,
    temporalUiUrl: services.temporalUiUrl,
    stop: () => administer(services.postgresAdminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The same connection URL for another database: `postgresql://role:password@/DATABASE?host=…`. */
function withDatabase(url: string, database: string): string {
  return url.replace(/\/[^/?]*(\?|$)/, `/${database}$1`);
}
