import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { toFile } from '@anthropic-ai/sdk';
import { Client } from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { connect } from '../../examples/connect.ts';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { openStore } from '../../wiring/open-store.ts';
import { serviceReady } from '../harness/service-ready.ts';
import { startEntry } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SUFFIX = randomBytes(4).toString('hex');
const OWNER = `owner_${SUFFIX}`;
const SERVICE = `service_${SUFFIX}`;
const READER = `reader_${SUFFIX}`;
const PASSWORD = 'test-password';

/** What the documentation tells operators to run, with names and passwords of this test. */
function documented(beginsWith: string): string[] {
  const text = readFileSync(path.join(ROOT, 'docs/operators.md'), 'utf8');
  const block = text.split('```sql\n').find((part) => part.startsWith(beginsWith));
  const [statements = ''] = (block ?? '').split('```');
  expect(statements).not.toBe('');
  return statements
    .replaceAll('managed_agent_owner', OWNER)
    .replaceAll('managed_agent', SERVICE)
    .replaceAll("'…'", `'${PASSWORD}'`)
    .split('\n')
    .filter((line) => line !== '');
}

describe('a service whose role has no right to change the schema', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'managed-agent-roles-'));
  let services: TestServices;
  beforeAll(async () => {
    chmodSync(dataDir, 0o711);
    services = await startTestServices();
    const statements = documented('CREATE ROLE');
    const change = statements.indexOf(`\\c ${SERVICE}`);
    await administer(services.postgresAdminUrl, statements.slice(0, change));
    await administer(urlOf(null), [
      ...statements.slice(change + 1),
      `CREATE ROLE ${READER} LOGIN PASSWORD '${PASSWORD}'`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${OWNER} IN SCHEMA public GRANT SELECT ON TABLES TO ${READER}`,
    ]);
  });
  afterAll(async () => {
    await administer(services.postgresAdminUrl, [`DROP DATABASE IF EXISTS ${SERVICE} WITH (FORCE)`]);
    await administer(
      services.postgresAdminUrl,
      [OWNER, SERVICE, READER].map((role) => `DROP ROLE IF EXISTS ${role}`),
    );
    await services.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** The database of this test as a role; null: as the superuser. */
  function urlOf(role: string | null): string {
    const url = new URL(services.postgresAdminUrl.replace('@/', '@socket/'));
    if (role !== null) [url.username, url.password] = [role, PASSWORD];
    url.pathname = `/${SERVICE}`;
    return url.href.replace('@socket/', '@/');
  }

  async function administer(url: string, statements: readonly string[]): Promise<void> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  async function command(
    name: string,
    settings: Record<string, string>,
    ...rest: string[]
  ): Promise<{ status: number; said: string }> {
    return new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], MANAGED_AGENT_DATA_DIR: dataDir, ...settings };
      const words = ['--disable-warning=ExperimentalWarning', `operations/${name}.ts`, ...rest];
      const child = execFile(process.execPath, words, { cwd: ROOT, env }, (_error, said, problems) =>
        resolve({ status: child.exitCode ?? -1, said: said + problems }),
      );
    });
  }

  /** What a start does with the store, and what it logs. */
  async function open(role: string, mode: 'auto' | 'check' = 'auto'): Promise<{ msg: string }[]> {
    const said: { msg: string }[] = [];
    const log = pino({}, { write: (line) => void said.push(JSON.parse(line) as { msg: string }) });
    const config = loadConfig({
      env: { MANAGED_AGENT_STORE_URL: urlOf(role), MANAGED_AGENT_STORE_MIGRATE: mode },
      part: 'worker',
    });
    const database = await openStore(config, log, new AbortController().signal);
    await database.close();
    return said;
  }

  it('refuses a schema that is not ready, and says what to run', async () => {
    for (const [role, mode] of [
      [SERVICE, 'auto'],
      [SERVICE, 'check'],
      [OWNER, 'check'],
    ] as const) {
      await expect(open(role, mode)).rejects.toThrow(/Run npm run migrate with a role that may/);
    }
    expect(await command('migrate', { MANAGED_AGENT_STORE_URL: urlOf(SERVICE) }, '--check')).toMatchObject({
      status: 3,
      said: expect.stringContaining('0001_sessions.sql is missing.') as string,
    });
  });

  it('is made ready by a command with the other role, once', async () => {
    const settings = {
      MANAGED_AGENT_STORE_URL: urlOf(SERVICE),
      MANAGED_AGENT_STORE_MIGRATE_URL: urlOf(OWNER),
    };
    const made = await command('migrate', settings);
    expect(made.said).toContain('0001_sessions.sql was applied.');
    expect(made.status).toBe(0);
    for (const rest of [[], ['--check']]) {
      expect(await command('migrate', settings, ...rest)).toEqual({
        status: 0,
        said: 'The schema has everything that this version needs.\n',
      });
    }
    expect(await open(SERVICE)).toEqual([]);
    expect(await open(SERVICE, 'check')).toEqual([]);
  });

  it('does all its work, with what the documentation grants it and no right to rewrite its audit log', async () => {
    await administer(urlOf(null), [`REVOKE UPDATE, DELETE ON audit_log FROM ${SERVICE}`]);
    const port = String(await pickFreePort());
    const settings = {
      MANAGED_AGENT_STORE_URL: urlOf(SERVICE),
      MANAGED_AGENT_TEMPORAL_ADDRESS: services.temporalAddress,
      MANAGED_AGENT_TEMPORAL_TASK_QUEUE: services.taskQueue,
      MANAGED_AGENT_API_PORT: port,
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    };
    const parts = [startEntry('server.ts', dataDir, settings), startEntry('worker.ts', dataDir, settings)];
    try {
      const url = `http://127.0.0.1:${port}`;
      await serviceReady(url);
      const { beta } = connect(url);
      const environment = await beta.environments.create({ name: 'e' });
      const agent = await beta.agents.create({
        name: 'a',
        model: 'demo',
        tools: [{ type: 'agent_toolset_20260401' }],
      });
      await beta.agents.update(agent.id, { version: 1, name: 'b' });
      const file = await beta.files.upload({ file: await toFile(Buffer.from('hello'), 'hello.txt') });
      const { id } = await beta.sessions.create({ agent: agent.id, environment_id: environment.id });
      const stream = await beta.sessions.events.stream(id);
      await beta.sessions.events.send(id, {
        events: [{ type: 'user.message', content: [{ type: 'text', text: 'run `echo it works`' }] }],
      });
      const types: string[] = [];
      for await (const event of stream) {
        types.push(event.type);
        if (event.type === 'session.status_idle') break;
      }
      expect(types).toContain('agent.tool_result');
      expect(types).not.toContain('session.error');
      const backup = await command('backup', settings, path.join(dataDir, 'backup'));
      expect(backup).toMatchObject({ status: 0, said: expect.stringContaining('is whole') as string });
      await beta.files.delete(file.id);
      await beta.sessions.delete(id);
    } finally {
      for (const part of parts) part.kill('SIGTERM');
      await Promise.all(parts.map(async ({ ended }) => ended));
    }
    const logs = ['server.ts.log', 'worker.ts.log'].map((name) =>
      readFileSync(path.join(dataDir, name), 'utf8'),
    );
    expect(logs.join('').match(/.*(permission denied|must be owner|42501).*/g)).toBe(null);
    for (const name of ['audit', 'verify-audit']) {
      expect(await command(name, { MANAGED_AGENT_STORE_URL: urlOf(READER) })).toMatchObject({ status: 0 });
    }
  });

  it('goes on with a newer schema, names what it lacks of its own, and tables that it may not use', async () => {
    await administer(urlOf(OWNER), [
      "INSERT INTO schema_migrations (name) VALUES ('9999_newer.sql')",
      'CREATE TABLE newer (n int)',
      `REVOKE UPDATE ON newer FROM ${SERVICE}`,
    ]);
    expect(await open(SERVICE)).toMatchObject([
      { migrations: ['9999_newer.sql'], msg: expect.stringContaining('newer version') as string },
      { tables: ['newer'], msg: expect.stringContaining('lacks rights') as string },
    ]);
    await administer(urlOf(OWNER), ["DELETE FROM schema_migrations WHERE name = '0001_sessions.sql'"]);
    await expect(open(SERVICE)).rejects.toThrow(/not the one that this version needs/);
    await expect(open(SERVICE, 'check')).rejects.toThrow(/lacks 0001_sessions\.sql,/);
  });

  it('is made once by processes of a new version that start together', async () => {
    await administer(urlOf(OWNER), ['DROP SCHEMA public CASCADE', 'CREATE SCHEMA public']);
    const said = await Promise.all(Array.from({ length: 4 }, async () => open(OWNER)));
    const applied = said
      .flat()
      .flatMap((line) => ('migrations' in line ? (line.migrations as string[]) : []));
    expect(applied).toContain('0001_sessions.sql');
    expect(new Set(applied).size).toBe(applied.length);
  });
});
