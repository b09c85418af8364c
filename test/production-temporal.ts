import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { Client } from 'pg';
import { readHostEnvironment } from '../config.ts';
import { endProcess } from '../providers/host/end-process.ts';
import { isPortFree } from '../providers/host/free-port.ts';
import { lastOfLog } from '../providers/host/log-file.ts';
import { isAlive } from '../providers/host/process-identity.ts';
import { spawnDetached } from '../providers/host/spawn-detached.ts';
import { startPostgres } from '../providers/postgres-server/start-postgres.ts';
import { runCommand } from '../setup/run-command.ts';
import { productionConfig } from './production-temporal/server-config.ts';
import { startSocketRelay } from './production-temporal/socket-relay.ts';
import { startService } from './harness/service.ts';

/**
 * `npm run test:production-temporal`: proves the Temporal half of docker-compose.yml without Docker. It builds the production server and
 * its schema tool from their Go module, runs them with the compose file's dynamic configuration on a PostgreSQL, and lets a session with
 * the demo model run a command on it. Needs Go; building takes some minutes the first time.
 */
const VERSION = 'v1.31.2';
const host = readHostEnvironment();
const folder = mkdtempSync(path.join(tmpdir(), 'production-temporal-'));
chmodSync(folder, 0o711);
const closing: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];

try {
  const programs = await buildPrograms();
  const logFile = path.join(folder, 'postgres.log');
  const postgres = await startPostgres({
    dataDir: path.join(folder, 'data'),
    logFile,
    ...host,
    say: console.log,
  });
  closing.push(() => postgres.stop());
  const relay = await startSocketRelay(postgres.url);
  closing.push(() => relay.close());
  const password = await makeDatabases(postgres.adminUrl);
  await makeSchema(programs.sql, relay.port, password);
  const address = await startServer(programs.server, relay.port, password);
  await makeNamespace(address);
  console.log(`The production server ${VERSION} answers at ${address}.`);
  await runSession(address);
  console.log('A session ran its command and came to rest on it.');
} finally {
  for (const close of closing.reverse()) await close();
}

async function buildPrograms(): Promise<{ server: string; sql: string }> {
  const target = path.join(host.cacheDir, `temporal-production-${VERSION}`);
  const programs = { server: path.join(target, 'server'), sql: path.join(target, 'sql') };
  if (!existsSync(programs.server) || !existsSync(programs.sql)) {
    mkdirSync(target, { recursive: true });
    const modules = ['server', 'tools/sql'].map((name) => `go.temporal.io/server/cmd/${name}@${VERSION}`);
    await runCommand('go', ['install', ...modules], { environment: { ...host.variables, GOBIN: target } });
  }
  return programs;
}

async function makeDatabases(adminUrl: string): Promise<string> {
  const password = randomBytes(16).toString('hex');
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`CREATE ROLE temporal LOGIN CREATEDB PASSWORD '${password}'`);
  await client.end();
  return password;
}

/** What deploy/temporal-schema.sh does in the compose file; the schema comes out of the tool itself. */
async function makeSchema(tool: string, port: number, password: string): Promise<void> {
  for (const [database, schema] of [
    ['temporal', 'temporal'],
    ['temporal_visibility', 'visibility'],
  ]) {
    const common = [
      '--plugin',
      'postgres12',
      '--ep',
      '127.0.0.1',
      '-p',
      String(port),
      '-u',
      'temporal',
      '--db',
      database ?? '',
    ];
    const run = (...args: string[]) =>
      runCommand(tool, [...common, ...args], { environment: { ...host.variables, SQL_PASSWORD: password } });
    await run('create-database');
    await run('setup-schema', '-v', '0.0');
    await run('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
}

async function startServer(program: string, databasePort: number, password: string): Promise<string> {
  const ports = await pickLowPorts(9);
  mkdirSync(path.join(folder, 'config'));
  const config = productionConfig({
    ports,
    databasePort,
    password,
    dynamicConfig: path.resolve('deploy/temporal-dynamic-config.yaml'),
  });
  writeFileSync(path.join(folder, 'config', 'production.yaml'), JSON.stringify(config));
  const logFile = path.join(folder, 'temporal.log');
  const server = await spawnDetached({
    command: program,
    args: ['--root', folder, '--config', 'config', '--env', 'production', '--allow-no-auth', 'start'],
    environment: host.variables,
    folder,
    logFile,
  });
  closing.push(() => endProcess(server, [{ signal: 'SIGTERM', waitMs: 15_000 }]));
  const address = `127.0.0.1:${ports[0]}`;
  for (let attempt = 0; attempt < 120; attempt += 1) {
    if (!isAlive(server)) break;
    const connection = await Connection.connect({ address, connectTimeout: 1_000 }).catch(() => null);
    if (connection) {
      await connection.close();
      return address;
    }
    await sleep(500);
  }
  throw new Error(`The production server does not answer:\n${lastOfLog(logFile)}`);
}

/** The server keeps its ports in a column for numbers below 32,768. */
async function pickLowPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(12_000, 32_000);
    if (await isPortFree(port)) ports.add(port);
  }
  return [...ports];
}

async function makeNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  const month = proto.google.protobuf.Duration.fromObject({ seconds: 30 * 86_400 });
  await connection.workflowService.registerNamespace({
    namespace: 'default',
    workflowExecutionRetentionPeriod: month,
  });
  // The server's parts learn of a new namespace one after the other.
  for (;;) {
    const known = await connection.workflowService
      .describeNamespace({ namespace: 'default' })
      .catch(() => null);
    if (known) break;
    await sleep(200);
  }
  await connection.close();
}

async function runSession(address: string): Promise<void> {
  const service = await startService({ MANAGED_AGENT_TEMPORAL_ADDRESS: address });
  try {
    const client = new Anthropic({ baseURL: service.url, apiKey: 'unused' });
    const environment = await client.beta.environments.create({ name: 'production' });
    const agent = await client.beta.agents.create({
      name: 'Helper',
      model: 'demo',
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    await client.beta.sessions.events.send(session.id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: 'Run `echo it-runs`' }] }],
    });
    for (let attempt = 0; attempt < 300; attempt += 1) {
      const events = [];
      for await (const event of client.beta.sessions.events.list(session.id)) events.push(event);
      const result = events.find((event) => event.type === 'agent.tool_result');
      if (events.at(-1)?.type === 'session.status_idle' && JSON.stringify(result).includes('it-runs')) return;
      await sleep(200);
    }
    throw new Error(`The session does not come to rest; the worker says:\n${workerLog(service.dataDir)}`);
  } finally {
    await service.stop();
  }
}

function workerLog(dataDir: string): string {
  return readFileSync(path.join(dataDir, 'logs', 'worker.log'), 'utf8').slice(-2000);
}
