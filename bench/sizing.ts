import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { totalmem, cpus } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { Client } from 'pg';
import { startService, type RunningService } from '../test/harness/service.ts';
import { startScriptedModelServer } from '../test/scripted-model-server/index.ts';
import { postgresUrlOf, processorTimes, residentMemory } from './embedded.ts';

/**
 * What a service takes, for whoever sizes a machine: `node bench/sizing.ts`. Memory of its parts at rest and beside sessions, of a
 * sandbox that waits, and what a session and a turn with one command leave on the disks. Bytes hardly depend on the machine;
 * processor time does, and stands beside the machine's own speed.
 */
const SESSIONS = 20;
const TURNS = 20;
const ANSWER = 'The command ended without an error and printed the date, as it should. '.repeat(6);

const models = await startScriptedModelServer();
const service = await startService({
  MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
  ANTHROPIC_API_KEY: 'scripted',
  MANAGED_AGENT_LOG_LEVEL: 'warn',
});
try {
  await bench(service);
} finally {
  await service.stop();
  await models.close();
}

async function bench(running: RunningService): Promise<void> {
  const client = new Anthropic({ baseURL: running.url, apiKey: 'unused' });
  const command = {
    blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command: 'date; ls -la /' } }],
  };
  const answer = { blocks: [{ type: 'text' as const, text: ANSWER }] };
  const steps = Array.from({ length: SESSIONS * TURNS + 1 }, () => [command, answer]).flat();
  models.scenario({ when: 'date', steps });
  const environment = await client.beta.environments.create({ name: 'sizing' });
  const agent = await client.beta.agents.create({
    name: 'sizing',
    model: 'claude-scripted',
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  const database = new Client({ connectionString: postgresUrlOf(running) });
  await database.connect();

  const rest = await memory(running);
  const sessions: string[] = [];
  const before = await stored(running, database);
  for (let count = 0; count < SESSIONS; count++) {
    const { id } = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    sessions.push(id);
  }
  await settled(database);
  const created = await stored(running, database);
  const turn = async (session: string): Promise<void> => {
    const stream = await client.beta.sessions.events.stream(session);
    await client.beta.sessions.events.send(session, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: 'date, please' }] }],
    });
    for await (const event of stream) if (event.type === 'session.status_idle') return;
  };
  // The first turn of each starts its sandbox.
  await Promise.all(sessions.map(turn));
  await settled(database);
  const first = await stored(running, database);
  const usedBefore = processorTimes(running);
  for (let count = 1; count < TURNS; count++) await Promise.all(sessions.map(turn));
  const used = [...processorTimes(running)]
    .filter(([part]) => part !== 'machine')
    .map(([part, time]) => [part, time - (usedBefore.get(part) ?? 0)] as const);
  await settled(database);
  const last = await stored(running, database);
  const beside = await memory(running);
  const sandboxes = sandboxMemory();
  await database.end();

  const turns = SESSIONS * (TURNS - 1);
  const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} kB`;
  const rows: [what: string, value: string][] = [
    [
      'machine',
      `${cpus().length} processors, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; ${machineSpeed()} ms for 100 million additions`,
    ],
    ...Object.keys(rest).map((part): [string, string] => [
      `memory of ${part}`,
      `${(rest[part] ?? 0).toFixed(0)} MB at rest, ${(beside[part] ?? 0).toFixed(0)} MB after ${turns} turns of ${SESSIONS} sessions`,
    ]),
    [
      'memory of a sandbox',
      `${(sandboxes.megabytes / SESSIONS).toFixed(1)} MB, ${(sandboxes.processes / SESSIONS).toFixed(1)} processes, while it waits`,
    ],
    ...(Object.keys(before) as (keyof Stored)[]).map((place): [string, string] => [
      `bytes in ${place}`,
      `${kilobytes((created[place] - before[place]) / SESSIONS)} a session, ${kilobytes((first[place] - created[place]) / SESSIONS)} its first turn, ${kilobytes((last[place] - first[place]) / turns)} each more`,
    ]),
    ...used.map(([part, time]): [string, string] => [
      `processor time of ${part}`,
      `${(time / turns).toFixed(1)} ms a turn`,
    ]),
  ];
  for (const [what, value] of rows) console.log(`${what.padEnd(28)} ${value}`);
}

interface Stored {
  postgres: number;
  'its write-ahead log': number;
  temporal: number;
  blobs: number;
  'folders of sandboxes': number;
}

/** Bytes on the disk, with everything written that waits in memory. */
async function stored(running: RunningService, database: Client): Promise<Stored> {
  const { rows } = await database.query<{ bytes: string; wal: string }>(
    `SELECT pg_database_size(current_database()) AS bytes, pg_current_wal_lsn() - '0/0' AS wal`,
  );
  const at = (name: string): number => bytesOf(path.join(running.dataDir, name));
  return {
    postgres: Number(rows[0]?.bytes),
    'its write-ahead log': Number(rows[0]?.wal),
    temporal: at('temporal'),
    blobs: at('blobs'),
    'folders of sandboxes': at('sandboxes'),
  };
}

/** Waits for what comes after turns: checkpoints, signals' acknowledgements, statistics. */
async function settled(database: Client): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await database.query('VACUUM');
}

function bytesOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  return Number(execFileSync('du', ['-s', '-B1', folder], { encoding: 'utf8' }).split('\t')[0]);
}

/** Each part with the processes that it started; the supervisor's children are the other parts. */
async function memory(running: RunningService): Promise<Record<string, number>> {
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { supervisor: _, ...parts } = running.run().pids;
  return Object.fromEntries(Object.entries(parts).map(([part, pid]) => [part, residentMemory([pid])]));
}

/** Memory of the processes that make up sandboxes: those whose command line names sandboxd's folder, and what these started. */
function sandboxMemory(): { megabytes: number; processes: number } {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = all.filter((pid) => commandLine(pid).includes('/run/sandboxd')).map(Number);
  return { megabytes: residentMemory(found), processes: found.length };
}

/** Empty for a process that has ended meanwhile. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function machineSpeed(): string {
  const begun = performance.now();
  let sum = 0;
  for (let count = 0; count < 100_000_000; count++) sum += count;
  return sum > 0 ? (performance.now() - begun).toFixed(0) : '';
}
