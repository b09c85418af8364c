import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { startEntry, type EntryProcess } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Each command in processes of its own, as a container has them; all of them end with their first. */
const CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL'];
const WAIT = { timeout: 100_000, interval: 100 };

function whyNot(): string | null {
  const { error, status, stderr } = spawnSync(CONTAINER[0] ?? '', [...CONTAINER.slice(1), 'true']);
  if (error !== undefined) return error.message;
  return status === 0 ? null : stderr.toString();
}
const missing = whyNot();
if (missing !== null) console.warn(`not tried, since no namespace of processes can be made here: ${missing}`);

/** What `docker compose up --scale worker=2` gives: workers that share a folder and see nothing of each other. */
describe.skipIf(missing !== null)('workers in containers of their own on one data folder', () => {
  // Sockets of sandboxes lie in it, and their paths are bounded.
  const root = mkdtempSync(path.join(tmpdir(), 'replicas-'));
  let services: TestServices;
  let models: ScriptedModelServer;
  let database: Client;
  let api: EntryProcess;
  let client: Anthropic;
  let settings: Record<string, string>;
  let workers: EntryProcess[] = [];

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
      MANAGED_AGENT_BLOBS_FOLDER: path.join(root, 'blobs'),
      MANAGED_AGENT_SANDBOX_HOST_TIMEOUT_SECONDS: '10',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
      ANTHROPIC_API_KEY: 'scripted',
    };
    database = new Client({ connectionString: services.postgresUrl });
    api = startEntry('server.ts', root, { ...settings, MANAGED_AGENT_API_PORT: port });
    client = new Anthropic({ baseURL: `http://127.0.0.1:${port}`, apiKey: 'unused', maxRetries: 5 });
    await vi.waitFor(async () => {
      if (!(await fetch(`${client.baseURL}/healthz`)).ok) throw new Error('the api is not there yet');
    }, WAIT);
    await database.connect();
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map(endContainer));
  });
  afterAll(async () => {
    api.kill('SIGTERM');
    await api.ended;
    await database.end();
    await models.close();
    await services.stop();
    rmSync(root, { recursive: true, force: true });
  });

  function newFolder(): string {
    const folder = mkdtempSync(path.join(root, 'd'));
    chmodSync(folder, 0o711);
    return folder;
  }
  function startReplica(dataDir: string, own: Record<string, string> = {}): EntryProcess {
    const worker = startEntry('worker.ts', dataDir, { ...settings, ...own }, CONTAINER);
    workers.push(worker);
    return worker;
  }
  /** As `docker kill`: everything in it at once. */
  async function endContainer(worker: EntryProcess): Promise<void> {
    worker.kill('SIGKILL');
    await worker.ended;
  }
  const idIn = (folder: string): string =>
    existsSync(path.join(folder, 'host/id')) ? readFileSync(path.join(folder, 'host/id'), 'utf8') : '';
  /** Hosts that were heard of since a moment of the database's clock. */
  async function heardOf(since: Date): Promise<string[]> {
    const { rows } = await database.query<{ id: string }>(
      'SELECT id FROM sandbox_hosts WHERE heartbeat_at > $1 ORDER BY id',
      [since],
    );
    return rows.map(({ id }) => id);
  }
  const logOf = (dataDir: string): string => readFileSync(path.join(dataDir, 'worker.ts.log'), 'utf8');

  it('have a folder each, lose no call, and find their folders again', async () => {
    const dataDir = newFolder();
    const folders = [dataDir, path.join(dataDir, 'hosts/2')];
    const since = new Date();
    startReplica(dataDir);
    startReplica(dataDir);
    await expect.poll(async () => (await heardOf(since)).length, WAIT).toBe(2);
    const ids = folders.map(idIn).sort();
    expect(await heardOf(since)).toEqual(ids);

    const environment = await client.beta.environments.create({ name: 'e' });
    const agent = await client.beta.agents.create({
      name: 'a',
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const sessions = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const call = (command: string) => ({
          blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command } }],
        });
        models.scenario({
          when: `replica-${index}.`,
          steps: [
            call(`echo ${index} > mine; sleep 1; cat mine`),
            call('sleep 1; cat mine'),
            { blocks: [{ type: 'text', text: 'done' }] },
          ],
        });
        const session = await client.beta.sessions.create({
          agent: agent.id,
          environment_id: environment.id,
          initial_events: [{ type: 'user.message', content: [{ type: 'text', text: `replica-${index}.` }] }],
        });
        return session.id;
      }),
    );
    const used = new Set<string>();
    for (const [index, id] of sessions.entries()) {
      await expect.poll(async () => (await client.beta.sessions.retrieve(id)).status, WAIT).toBe('idle');
      const results: string[] = [];
      for await (const event of client.beta.sessions.events.list(id)) {
        if (event.type !== 'agent.tool_result') continue;
        results.push((event.content ?? []).map((block) => (block.type === 'text' ? block.text : '')).join());
      }
      expect(results).toEqual([String(index), String(index)]);
      const { rows } = await database.query<{ host_id: string }>(
        'SELECT host_id FROM session_hosts WHERE session_id = $1',
        [id],
      );
      used.add(rows[0]?.host_id ?? '');
    }
    expect([...used].sort()).toEqual(ids);

    await Promise.all(workers.splice(0).map(endContainer));
    const again = new Date();
    startReplica(dataDir);
    startReplica(dataDir);
    await expect.poll(async () => (await heardOf(again)).length, WAIT).toBe(2);
    expect(await heardOf(again)).toEqual(ids);
    expect(existsSync(path.join(dataDir, 'hosts/3'))).toBe(false);
  }, 400_000);

  it('refuse a folder that the settings name and another one has', async () => {
    const folder = newFolder();
    const own = { MANAGED_AGENT_SANDBOX_FOLDER: folder };
    const [first, second] = [newFolder(), newFolder()];
    const since = new Date();
    startReplica(first, own);
    await expect.poll(async () => (await heardOf(since)).includes(idIn(folder)), WAIT).toBe(true);
    const refused = startReplica(second, own);
    await refused.ended;
    expect(logOf(second)).toMatch(/sandbox\.folder: .* is in use by a living worker of another container/);
    // One that sees its processes shares it.
    const beside = startEntry('worker.ts', newFolder(), { ...settings, ...own }, [
      'nsenter',
      `--target=${innerPid(workers[0])}`,
      '--pid',
      '--mount',
      'sh',
      '-c',
      'cd "$0" && exec "$@"',
      ROOT,
    ]);
    await expect.poll(async () => (await liveWorkers()).length, WAIT).toBe(2);
    beside.kill('SIGKILL');
  }, 300_000);

  it('refuse a copy of a folder whose host lives, and take it once that is silent', async () => {
    const [original, copy, other] = [newFolder(), newFolder(), newFolder()];
    const since = new Date();
    startReplica(original);
    await expect.poll(async () => (await heardOf(since)).includes(idIn(original)), WAIT).toBe(true);
    mkdirSync(path.join(copy, 'host'), { recursive: true });
    cpSync(path.join(original, 'host/id'), path.join(copy, 'host/id'));
    const own = { MANAGED_AGENT_SANDBOX_FOLDER: copy };
    await startReplica(other, own).ended;
    expect(logOf(other)).toMatch(/sandbox\.folder: .*a copy of it, has a worker of/);

    await Promise.all(workers.splice(0).map(endContainer));
    const moved = new Date();
    startReplica(other, own);
    await expect.poll(() => heardOf(moved), WAIT).toContain(idIn(original));
  }, 300_000);

  function innerPid(worker: EntryProcess | undefined): string {
    const pid = worker?.pid ?? 0;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  }
  async function liveWorkers(): Promise<string[]> {
    const { rows } = await database.query<{ name: string }>('SELECT name FROM workers');
    return rows.map(({ name }) => name);
  }
});
