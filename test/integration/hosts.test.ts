import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { startEntry, type EntryProcess } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

interface Host {
  dataDir: string;
  worker: EntryProcess;
}

/** Two hosts of sandboxes, each a worker with a data folder of its own, on one store, one Temporal and one place for blobs. */
describe('sessions on two hosts of sandboxes', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'managed-agent-hosts-'));
  let services: TestServices;
  let models: ScriptedModelServer;
  let database: Client;
  let api: EntryProcess;
  let client: Anthropic;
  let url: string;
  let settings: Record<string, string>;
  const hosts: Host[] = [];

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
      MANAGED_AGENT_SANDBOX_HOST_TIMEOUT_SECONDS: '8',
      MANAGED_AGENT_SANDBOX_CHECKPOINT_BYTES: '5000000',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
      ANTHROPIC_API_KEY: 'scripted',
    };
    database = new Client({ connectionString: services.postgresUrl });
    api = startEntry('server.ts', root, { ...settings, MANAGED_AGENT_API_PORT: port });
    url = `http://127.0.0.1:${port}`;
    client = new Anthropic({ baseURL: url, apiKey: 'unused', maxRetries: 5 });
    await until(async () => (await fetch(`${url}/healthz`)).ok);
    await database.connect();
    for (let count = 0; count < 2; count++) await addHost();
  });

  afterAll(async () => {
    for (const host of hosts) host.worker.kill('SIGTERM');
    api.kill('SIGTERM');
    await Promise.all([api.ended, ...hosts.map(({ worker }) => worker.ended)]);
    for (const host of hosts) endSandboxes(host);
    await database.end();
    await models.close();
    await services.stop();
    rmSync(root, { recursive: true, force: true });
  });

  async function addHost(
    dataDir = mkdtempSync(path.join(root, 'host-')),
    own: Record<string, string> = {},
  ): Promise<Host> {
    chmodSync(dataDir, 0o711);
    const startedAt = new Date();
    const host = { dataDir, worker: startEntry('worker.ts', dataDir, { ...settings, ...own }) };
    hosts.push(host);
    await until(async () => {
      const { rows } = await database.query(
        'SELECT 1 FROM sandbox_hosts WHERE id = $1 AND heartbeat_at > $2',
        [idOf(dataDir), startedAt],
      );
      return rows.length > 0;
    });
    return host;
  }
  function idOf(dataDir: string): string {
    const file = path.join(dataDir, 'host/id');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
  async function hostOf(sessionId: string): Promise<Host> {
    const { rows } = await database.query<{ host_id: string }>(
      'SELECT host_id FROM session_hosts WHERE session_id = $1',
      [sessionId],
    );
    const host = hosts.find(({ dataDir }) => idOf(dataDir) === rows[0]?.host_id);
    if (!host) throw new Error(`${sessionId} is on no host`);
    return host;
  }
  /** What a machine that is switched off takes with it. */
  function endSandboxes({ dataDir }: Host): void {
    const sandboxes = path.join(dataDir, 'sandboxes');
    for (const name of existsSync(sandboxes) ? readdirSync(sandboxes) : []) {
      const note = path.join(sandboxes, name, 'running.json');
      if (!existsSync(note)) continue;
      end((JSON.parse(readFileSync(note, 'utf8')) as { pid: number }).pid);
    }
    // The proxy of its sandboxes outlives a worker, to be found by the next.
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const file = `/proc/${pid}/cmdline`;
      if (existsSync(file) && programOf(file).startsWith(`${dataDir}/runtime/`)) end(Number(pid));
    }
  }
  function programOf(file: string): string {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      // It ended a moment ago.
      return '';
    }
  }
  function end(pid: number): void {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  async function switchOff(host: Host): Promise<void> {
    host.worker.kill('SIGKILL');
    await host.worker.ended;
    endSandboxes(host);
    hosts.splice(hosts.indexOf(host), 1);
  }

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
    return session.id;
  }
  const say = (sessionId: string, text: string) =>
    client.beta.sessions.events.send(sessionId, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
  const bash = (command: string) => ({
    blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command } }],
  });
  const done = { blocks: [{ type: 'text' as const, text: 'done' }] };
  const rest = (sessionId: string) =>
    until(async () => (await client.beta.sessions.retrieve(sessionId)).status === 'idle');
  async function results(sessionId: string): Promise<{ text: string; isError: boolean }[]> {
    const found = [];
    for await (const event of client.beta.sessions.events.list(sessionId)) {
      if (event.type !== 'agent.tool_result') continue;
      const blocks = event.content ?? [];
      const text = blocks.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
      found.push({ text, isError: event.is_error ?? false });
    }
    return found;
  }
  async function errors(sessionId: string): Promise<string[]> {
    const found: string[] = [];
    for await (const event of client.beta.sessions.events.list(sessionId)) {
      if (event.type === 'session.error') found.push(event.error.message);
    }
    return found;
  }
  const saved = (sessionId: string, atLeast: number) =>
    until(async () => {
      const { rows } = await database.query<{ last_seq: string }>(
        'SELECT last_seq FROM checkpoints WHERE session_id = $1',
        [sessionId],
      );
      return Number(rows[0]?.last_seq ?? 0) >= atLeast;
    });
  async function lastSeq(sessionId: string): Promise<number> {
    const { rows } = await database.query<{ last_seq: string }>(
      'SELECT last_seq FROM session_head WHERE session_id = $1',
      [sessionId],
    );
    return Number(rows[0]?.last_seq);
  }

  it('go on elsewhere, with their files, when their machine is gone for good', async () => {
    const sessionId = await begin([
      bash('mkdir -p notes && echo kept > notes/a.txt && export COLOUR=green && cd notes && (sleep 1000 &)'),
      done,
      bash('cat a.txt; echo $COLOUR; pgrep -c sleep || true; echo more >> a.txt'),
      bash('cat a.txt'),
      done,
    ]);
    await rest(sessionId);
    await saved(sessionId, await lastSeq(sessionId));
    const before = await hostOf(sessionId);
    await switchOff(before);
    rmSync(before.dataDir, { recursive: true, force: true });
    await until(async () => {
      const { rows } = await database.query('SELECT 1 FROM sandbox_hosts WHERE lost_at IS NOT NULL');
      return rows.length > 0;
    });
    await say(sessionId, 'go on');
    await until(async () => (await results(sessionId)).length === 3);
    await rest(sessionId);
    const [, moved, after] = await results(sessionId);
    expect(moved?.isError).toBe(false);
    expect(moved?.text).toMatch(/machine that held this session's sandbox is gone/);
    expect(moved?.text).toMatch(/No call ended after that/);
    expect(moved?.text).toMatch(/Background processes.*gone/);
    expect(moved?.text).toMatch(/kept\ngreen\n0/);
    expect(after?.text).toBe('kept\nmore');
    expect(await hostOf(sessionId)).not.toBe(before);
    expect(models.violations()).toEqual([]);
    await addHost();
  });

  it('are told of a move by the first result, also that of a call which is interrupted, and not again', async () => {
    const sessionId = await begin([
      bash('echo kept > a.txt'),
      done,
      bash('echo begun > ledger; sleep 600'),
      bash('cat a.txt'),
      done,
    ]);
    await rest(sessionId);
    await saved(sessionId, await lastSeq(sessionId));
    await switchOff(await hostOf(sessionId));
    await say(sessionId, 'go on');
    await until(async () =>
      hosts.some(({ dataDir }) =>
        existsSync(path.join(dataDir, 'sandboxes', sessionId, 'files/workspace/ledger')),
      ),
    );
    await client.beta.sessions.events.send(sessionId, { events: [{ type: 'user.interrupt' }] });
    await until(async () => (await results(sessionId)).length === 2);
    await rest(sessionId);
    await say(sessionId, 'go on');
    await until(async () => (await results(sessionId)).length === 3);
    await rest(sessionId);
    const [, interrupted, after] = await results(sessionId);
    expect(interrupted).toMatchObject({ isError: true });
    expect(interrupted?.text).toMatch(/machine that held this session's sandbox is gone/);
    expect(interrupted?.text).toMatch(/interrupted while it ran/);
    expect(after?.text).toBe('kept');
    await addHost();
  });

  it('learn that a command was lost with its machine, which runs nothing twice when it comes back', async () => {
    const sessionId = await begin([
      bash('echo before > before.txt'),
      done,
      bash('echo begun >> ledger; sleep 600; echo over >> ledger'),
      bash('cat before.txt; cat ledger 2>/dev/null || echo no ledger'),
      done,
    ]);
    await rest(sessionId);
    await saved(sessionId, await lastSeq(sessionId));
    const before = await hostOf(sessionId);
    await say(sessionId, 'go on');
    const workspace = path.join(before.dataDir, 'sandboxes', sessionId, 'files/workspace');
    await until(async () => existsSync(path.join(workspace, 'ledger')));
    const killedAt = Date.now();
    await switchOff(before);
    await until(async () => (await results(sessionId)).length === 2);
    console.log(`a command's machine was switched off: the model was told after ${Date.now() - killedAt} ms`);
    await rest(sessionId);
    const [, lost, after] = await results(sessionId);
    expect(lost).toMatchObject({ isError: true });
    expect(lost?.text).toMatch(/outcome of this call is unknown/);
    expect(lost?.text).toMatch(/machine that held this session's sandbox is gone/);
    expect(after?.text).toBe('before\nno ledger');
    expect(existsSync(workspace)).toBe(true);

    await addHost(before.dataDir);
    await until(async () => !existsSync(path.join(before.dataDir, 'sandboxes', sessionId)));
    expect(await results(sessionId)).toHaveLength(3);
    expect(await hostOf(sessionId)).not.toBe(before);
    expect(models.violations()).toEqual([]);
  });

  it('are not run twice by a machine that stood still for a while and goes on', async () => {
    const sessionId = await begin([
      bash('echo before > before.txt'),
      done,
      bash('echo begun >> ledger; sleep 5; echo over >> ledger; cat ledger'),
      bash('cat before.txt; cat ledger 2>/dev/null || echo no ledger'),
      done,
    ]);
    await rest(sessionId);
    await saved(sessionId, await lastSeq(sessionId));
    const before = await hostOf(sessionId);
    await say(sessionId, 'go on');
    const sandbox = path.join(before.dataDir, 'sandboxes', sessionId);
    await until(async () => existsSync(path.join(sandbox, 'files/workspace/ledger')));
    before.worker.kill('SIGSTOP');
    const stoppedAt = Date.now();
    await until(async () => (await results(sessionId)).length === 3, 120_000);
    console.log(`a machine stood still: its session went on elsewhere after ${Date.now() - stoppedAt} ms`);
    await rest(sessionId);
    before.worker.kill('SIGCONT');
    await until(async () => !existsSync(sandbox));
    const [, lost, after] = await results(sessionId);
    expect(lost?.text).toMatch(/outcome of this call is unknown/);
    expect(after?.text).toBe('before\nno ledger');
    expect(await results(sessionId)).toHaveLength(3);
    expect(await hostOf(sessionId)).not.toBe(before);
  }, 300_000);

  it('stay where they are while a machine is only started again', async () => {
    const sessionId = await begin([
      bash('echo one >> ledger'),
      done,
      bash('echo two >> ledger; cat ledger'),
      done,
    ]);
    await rest(sessionId);
    const before = await hostOf(sessionId);
    await switchOff(before);
    await addHost(before.dataDir);
    await say(sessionId, 'go on');
    await until(async () => (await results(sessionId)).length === 2);
    expect((await results(sessionId))[1]?.text).toMatch(/one\ntwo$/);
    expect((await hostOf(sessionId)).dataDir).toBe(before.dataDir);
  });

  it('are told when their sandbox is too large to be saved, and go on', async () => {
    const sessionId = await begin([
      bash('head -c 6000000 /dev/urandom > large'),
      done,
      bash('rm large'),
      done,
    ]);
    await rest(sessionId);
    await until(async () => (await errors(sessionId)).length > 0);
    expect((await errors(sessionId))[0]).toMatch(/The sandbox is not saved: .* at most 5000000 bytes/);
    await say(sessionId, 'go on');
    await until(async () => (await results(sessionId)).length === 2);
    await rest(sessionId);
    await saved(sessionId, await lastSeq(sessionId));
    expect(await errors(sessionId)).toHaveLength(1);
  });

  it('go to hosts with the same blobs only, and the service says which others there are', async () => {
    const apart = await addHost(undefined, { MANAGED_AGENT_BLOBS_FOLDER: path.join(root, 'other-blobs') });
    const { rows } = await database.query('SELECT ready FROM sandbox_hosts WHERE id = $1', [
      idOf(apart.dataDir),
    ]);
    expect(rows).toEqual([{ ready: false }]);
    const answer = async () =>
      (await (await fetch(`${url}/status`)).json()) as {
        parts: { blobs: { state: string; detail?: string } };
      };
    await until(async () => (await answer()).parts.blobs.detail?.includes(idOf(apart.dataDir)) === true);
    expect(await answer()).toMatchObject({ parts: { blobs: { state: 'degraded' } } });
    const sessionId = await begin([bash('echo one'), done]);
    await rest(sessionId);
    expect(await hostOf(sessionId)).not.toBe(apart);
    await switchOff(apart);
  });

  it('take their checkpoints with them when they are deleted', async () => {
    const sessionId = await begin([bash('echo one > file'), done]);
    await rest(sessionId);
    await saved(sessionId, 1);
    await client.beta.sessions.delete(sessionId);
    const { rows } = await database.query('SELECT 1 FROM checkpoints WHERE session_id = $1', [sessionId]);
    expect(rows).toEqual([]);
  });
});

async function until(condition: () => Promise<boolean>, milliseconds = 60_000): Promise<void> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      if (!(error instanceof Anthropic.APIError) && !(error instanceof TypeError)) throw error;
    }
    if (Date.now() > end) throw new Error(`waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
