import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { endSandboxes } from '../../wiring/end-sandboxes.ts';
import { startEntry, type EntryProcess } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

/** Far more than the periods of those who clear up. */
const PATIENCE_MS = 100_000;

describe('sandboxes that nobody uses', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'managed-agent-away-'));
  let services: TestServices;
  let models: ScriptedModelServer;
  let database: Client;
  let api: EntryProcess;
  let worker: EntryProcess;
  let client: Anthropic;
  let settings: Record<string, string>;

  beforeAll(async () => {
    chmodSync(root, 0o711);
    services = await startTestServices();
    models = await startScriptedModelServer();
    const port = String(await pickFreePort());
    settings = {
      MANAGED_AGENT_STORE_URL: services.postgresUrl,
      MANAGED_AGENT_TEMPORAL_ADDRESS: services.temporalAddress,
      MANAGED_AGENT_TEMPORAL_TASK_QUEUE: services.taskQueue,
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
      MANAGED_AGENT_RETENTION_IDLE_SANDBOXES_DAYS: '2',
      MANAGED_AGENT_RETENTION_ARCHIVED_SANDBOXES_DAYS: '2',
      ANTHROPIC_API_KEY: 'scripted',
    };
    api = startEntry('server.ts', root, { ...settings, MANAGED_AGENT_API_PORT: port });
    worker = startEntry('worker.ts', root, settings);
    const url = `http://127.0.0.1:${port}`;
    client = new Anthropic({ baseURL: url, apiKey: 'unused', maxRetries: 5 });
    database = new Client({ connectionString: services.postgresUrl });
    await until(() => answers(`${url}/healthz`));
    await database.connect();
    await until(async () => (await database.query('SELECT 1 FROM sandbox_hosts')).rowCount === 1);
  });

  afterAll(async () => {
    for (const entry of [worker, api]) entry.kill('SIGTERM');
    await Promise.all([api.ended, worker.ended]);
    const file = path.join(root, 'empty.yaml');
    writeFileSync(file, '');
    await endSandboxes(loadConfig({ file, env: { MANAGED_AGENT_DATA_DIR: root } }));
    await database.end();
    await models.close();
    await services.stop();
    rmSync(root, { recursive: true, force: true });
  });

  async function answers(url: string): Promise<boolean> {
    return fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  }
  const bash = (command: string) => ({
    blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command } }],
  });
  const done = { blocks: [{ type: 'text' as const, text: 'done' }] };
  const say = (sessionId: string, text: string) =>
    client.beta.sessions.events.send(sessionId, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
  const rest = (sessionId: string) =>
    expect
      .poll(async () => (await client.beta.sessions.retrieve(sessionId)).status, { timeout: PATIENCE_MS })
      .toBe('idle');
  const folderOf = (sessionId: string): string => path.join(root, 'sandboxes', sessionId);

  async function begin(steps: Parameters<ScriptedModelServer['scenario']>[0]['steps']): Promise<string> {
    const marker = randomUUID();
    models.scenario({ when: marker, steps });
    const environment = await client.beta.environments.create({ name: marker });
    const agent = await client.beta.agents.create({
      name: marker,
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    await say(session.id, marker);
    await rest(session.id);
    await expect.poll(async () => (await checkpointsOf(session.id)).length, { timeout: PATIENCE_MS }).toBe(1);
    return session.id;
  }
  const checkpointsOf = async (sessionId: string): Promise<unknown[]> =>
    (await database.query('SELECT 1 FROM checkpoints WHERE session_id = $1', [sessionId])).rows;
  async function lastResult(sessionId: string): Promise<string> {
    let last = '';
    for await (const event of client.beta.sessions.events.list(sessionId)) {
      if (event.type !== 'agent.tool_result') continue;
      last = (event.content ?? []).map((block) => (block.type === 'text' ? block.text : '')).join('\n');
    }
    return last;
  }
  /** As if nothing had happened in a session for so many days. */
  async function age(sessionId: string, days: number): Promise<void> {
    await database.query(
      `UPDATE session_head SET processed_at = processed_at - make_interval(days => $2),
        archived_at = archived_at - make_interval(days => $2) WHERE session_id = $1`,
      [sessionId, days],
    );
    await database.query(
      `UPDATE session_hosts SET used_at = used_at - make_interval(days => $2),
        placed_at = placed_at - make_interval(days => $2) WHERE session_id = $1`,
      [sessionId, days],
    );
  }
  /** A worker looks when it starts. */
  async function restartWorker(): Promise<void> {
    worker.kill('SIGTERM');
    await worker.ended;
    worker = startEntry('worker.ts', root, settings);
  }

  it('go by their age when a checkpoint holds them, and are back at the next call', async () => {
    const old = await begin([
      bash('echo kept > file; export COLOUR=green; (sleep 0.5; echo late > late) > /dev/null 2>&1 &'),
      done,
      bash('cat file late; echo $COLOUR; ls'),
      done,
    ]);
    const young = await begin([bash('echo young > file'), done]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await age(old, 3);
    await age(young, 1);
    await restartWorker();
    await expect.poll(() => existsSync(folderOf(old)), { timeout: PATIENCE_MS }).toBe(false);
    expect(existsSync(folderOf(young))).toBe(true);

    await say(old, 'go on');
    await expect.poll(() => lastResult(old), { timeout: PATIENCE_MS }).toContain('kept\nlate\ngreen\n');
    expect(await lastResult(old)).toMatch(/^\[This session's sandbox was not used for long, was put away/);
    await rest(old);
    expect(existsSync(folderOf(old))).toBe(true);
    expect(models.violations()).toEqual([]);
  });

  it('of archived sessions go by their age, with their checkpoints; sessions and log stay', async () => {
    const [old, young] = [
      await begin([bash('echo old > file'), done]),
      await begin([bash('echo young > file'), done]),
    ];
    for (const sessionId of [old, young]) await client.beta.sessions.archive(sessionId);
    await age(old, 3);
    await age(young, 1);
    await restartWorker();
    await expect.poll(() => existsSync(folderOf(old)), { timeout: PATIENCE_MS }).toBe(false);
    await expect.poll(() => checkpointsOf(old), { timeout: PATIENCE_MS }).toEqual([]);
    expect(existsSync(folderOf(young))).toBe(true);
    expect(await checkpointsOf(young)).toHaveLength(1);
    expect(await lastResult(old)).toBe('(no output)');
    expect((await client.beta.sessions.retrieve(old)).archived_at).not.toBeNull();
  });
}, 300_000);

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await condition());) {
    if (Date.now() > end) throw new Error(`waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
