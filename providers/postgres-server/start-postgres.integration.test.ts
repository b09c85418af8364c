import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, expect, it } from 'vitest';
import { readHostEnvironment } from '../../config.ts';
import { isAlive } from '../host/process-identity.ts';
import { MAX_SOCKET_PATH_BYTES } from '../host/socket-folder.ts';
import { startPostgres, type PostgresServer } from './start-postgres.ts';

const started: PostgresServer[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newDataDir(...deeper: string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'postgres-server-'));
  // As root, the account that runs the server must get through.
  chmodSync(folder, 0o711);
  folders.push(folder);
  return path.join(folder, 'data', ...deeper);
}

const said: string[] = [];

async function start(dataDir: string): Promise<PostgresServer> {
  said.length = 0;
  const { runtimeDir, tempDir } = readHostEnvironment();
  const logFile = path.join(dataDir, 'logs', 'postgres.log');
  const server = await startPostgres({
    dataDir,
    logFile,
    runtimeDir,
    tempDir,
    say: (line) => said.push(line),
  });
  started.push(server);
  return server;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

it('gives the service a database of its own, on a role that is no superuser, over a private socket only', async () => {
  const dataDir = newDataDir();
  const { url, adminUrl } = await start(dataDir);
  const [role] = await query(url, 'SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user');
  expect(role).toEqual({ rolname: 'managed_agent', rolsuper: false });
  const [row] = await query(
    adminUrl,
    `SELECT current_setting('listen_addresses') AS tcp, current_setting('unix_socket_directories') AS sockets`,
  );
  expect(row?.['tcp']).toBe('');
  const sockets = String(row?.['sockets']);
  expect(statSync(sockets).mode & 0o777).toBe(0o700);
  expect(statSync(path.join(dataDir, 'postgres-credentials.json')).mode & 0o777).toBe(0o600);
  expect(readFileSync(path.join(dataDir, 'postgres', 'pg_hba.conf'), 'utf8')).not.toMatch(
    /^[^#]*\b(trust|peer|md5)\s*$/m,
  );
});

it('refuses a wrong password', async () => {
  const { url } = await start(newDataDir());
  await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(
    /password authentication failed/,
  );
});

it('keeps the data over a clean stop', async () => {
  const dataDir = newDataDir();
  const first = await start(dataDir);
  await query(first.url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
  await first.stop();
  expect(isAlive(first.process)).toBe(false);
  const second = await start(dataDir);
  expect(second.adopted).toBe(false);
  expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
});

it('recovers everything that was committed before kill -9 of the server, with backends still at work', async () => {
  const dataDir = newDataDir();
  const first = await start(dataDir);
  await query(first.url, 'CREATE TABLE kept (n int)');
  const busy = query(first.url, 'SELECT count(*) FROM generate_series(1, 2000000000)').catch(() => []);
  await query(first.url, 'INSERT INTO kept SELECT generate_series(1, 1000)');
  process.kill(first.process.pid, 'SIGKILL');
  const second = await start(dataDir);
  expect(second.adopted).toBe(false);
  expect(await query(second.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
  await busy;
});

it('adopts a healthy server that runs on the folder', async () => {
  const dataDir = newDataDir();
  const first = await start(dataDir);
  const second = await start(dataDir);
  expect(second).toMatchObject({ adopted: true, url: first.url, process: { pid: first.process.pid } });
});

it('replaces a server that does not answer', { timeout: 60_000 }, async () => {
  const dataDir = newDataDir();
  const first = await start(dataDir);
  process.kill(first.process.pid, 'SIGSTOP');
  try {
    const second = await start(dataDir);
    expect(second.adopted).toBe(false);
    expect(isAlive(first.process)).toBe(false);
  } finally {
    if (isAlive(first.process)) process.kill(first.process.pid, 'SIGCONT');
  }
});

it('is not misled by pid and lock files whose pid belongs to another program now', async () => {
  const dataDir = newDataDir();
  const first = await start(dataDir);
  process.kill(first.process.pid, 'SIGKILL');
  while (isAlive(first.process)) await sleep(10);
  const other = spawn('sleep', ['600']);
  try {
    const sockets = decodeURIComponent(
      new URL(first.url.replace('@/', '@socket/')).searchParams.get('host') ?? '',
    );
    for (const file of [
      path.join(dataDir, 'postgres', 'postmaster.pid'),
      path.join(sockets, '.s.PGSQL.5432.lock'),
    ]) {
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(other.pid)));
    }
    await start(dataDir);
    expect(other.exitCode).toBeNull();
    expect(other.signalCode).toBeNull();
  } finally {
    other.kill('SIGKILL');
  }
});

it('runs from a folder deeper than a socket path may be long', async () => {
  const dataDir = newDataDir('x'.repeat(MAX_SOCKET_PATH_BYTES), 'y'.repeat(60));
  const { url } = await start(dataDir);
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

it('refuses files of another major version, names the command that migrates them, and leaves them alone', async () => {
  const dataDir = newDataDir();
  await (await start(dataDir)).stop();
  const file = path.join(dataDir, 'postgres', 'PG_VERSION');
  writeFileSync(file, '15\n');
  await expect(start(dataDir)).rejects.toThrow(/written by PostgreSQL 15.*npm run migrate:postgres/s);
  expect(readFileSync(file, 'utf8')).toBe('15\n');
});

it('shows the end of the log when the server cannot run', async () => {
  const dataDir = newDataDir();
  await (await start(dataDir)).stop();
  rmSync(path.join(dataDir, 'postgres', 'global', 'pg_control'));
  await expect(start(dataDir)).rejects.toThrow(/ended right after its start.*pg_control/s);
});

it('starts anew after a first start that was killed in the middle', async () => {
  const dataDir = newDataDir();
  mkdirSync(path.join(dataDir, 'postgres.new-abc', 'cluster'), { recursive: true });
  await start(dataDir);
  expect(existsSync(path.join(dataDir, 'postgres', 'PG_VERSION'))).toBe(true);
  expect(readdirSync(dataDir)).not.toContain('postgres.new-abc');
});

it.runIf(process.geteuid?.() === 0)(
  'started as root from a closed folder, keeps the files where the unprivileged account can reach them',
  async () => {
    const closed = mkdtempSync(path.join(tmpdir(), 'closed-'));
    folders.push(closed);
    const dataDir = path.join(closed, 'data');
    const first = await start(dataDir);
    const note = readFileSync(path.join(dataDir, 'postgres.location'), 'utf8').trim();
    folders.push(path.dirname(note));
    expect(note).toMatch(/^\/var\/lib\/managed-agent\/[0-9a-f]{12}\/postgres$/);
    expect(said.join('\n')).toContain(note);
    expect(statSync(note).uid).not.toBe(0);
    await query(first.url, 'CREATE TABLE kept (n int)');
    await first.stop();
    const second = await start(dataDir);
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([]);
  },
);
