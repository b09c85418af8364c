import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../providers/host/process-identity.ts';
import { startService, type RunningService } from '../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

/** The files of PostgreSQL, killed without a word, are replaced by an older copy, while api, worker, Temporal and sandboxes live on. */
describe("PostgreSQL's files, put back to an earlier moment under live sessions", () => {
  let models: ScriptedModelServer;
  let service: RunningService;
  let client: Anthropic;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
    });
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 20 });
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });

  it('lets each session go on from what the files hold, and runs nothing twice', async () => {
    const command = 'echo ran >> ledger.txt; sleep 8; wc -l < ledger.txt';
    const busy = await begin('busy', [
      { blocks: [{ type: 'tool_use', name: 'bash', input: { command } }] },
      ...Array.from({ length: 4 }, () => ({ blocks: [{ type: 'text' as const, text: 'counted' }] })),
    ]);
    const idle = await begin('idle', texts('first', 'lost', 'found', 'more'));
    const waiting = await begin('waiting', [
      { blocks: [{ type: 'tool_use', name: 'write', input: { file_path: '/workspace/a', content: 'x' } }] },
      ...texts('written', 'written'),
    ]);
    await rest(idle);
    await rest(waiting);
    await until(async () => (await typesOf(busy)).includes('agent.tool_use'));
    const saved = await all(idle);

    await whilePostgresIsDead((files, copy) => execFileSync('cp', ['-a', files, copy]));
    await say(idle, 'this is to be lost');
    await until(async () => (await typesOf(idle)).filter((type) => type === 'agent.message').length === 2);
    await rest(idle);
    await confirm(waiting);
    await rest(waiting);
    const later = await begin('later', texts('never heard'));
    await rest(later);

    await whilePostgresIsDead((files, copy) => {
      rmSync(files, { recursive: true });
      execFileSync('cp', ['-a', copy, files]);
    });
    expect(await all(idle)).toEqual(saved);
    await expect(client.beta.sessions.retrieve(later)).rejects.toMatchObject({ status: 404 });

    // The new message takes the very place of the lost one: the model must be told of this one.
    await say(idle, 'this is to be found');
    await until(async () => (await typesOf(idle)).filter((type) => type === 'agent.message').length === 2);
    await rest(idle);
    const asked = JSON.stringify(models.ledger().findLast(({ about }) => about === 'idle')?.body);
    expect(asked).toContain('this is to be found');
    expect(asked).not.toContain('this is to be lost');

    await rest(busy);
    const results = (await all(busy)).filter((event) => event.type === 'agent.tool_result');
    expect(results).toHaveLength(1);
    expect(JSON.stringify(results)).toMatch(/"1\\n"|"1"/);

    await confirm(waiting);
    await rest(waiting);
    const written = (await all(waiting)).filter((event) => event.type === 'agent.tool_result');
    expect(written).toHaveLength(1);
    expect(models.violations()).toEqual([]);
  });

  /** Stops the server for good while nobody restarts it, works on its files, and lets the supervisor find it dead. */
  async function whilePostgresIsDead(work: (files: string, copy: string) => void): Promise<void> {
    const { supervisor, postgres = 0 } = service.run().pids;
    process.kill(supervisor, 'SIGSTOP');
    try {
      const children = readFileSync(`/proc/${postgres}/task/${postgres}/children`, 'utf8');
      const pids = [postgres, ...children.trim().split(/\s+/).map(Number)];
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await until(async () => pids.every((pid) => identifyProcess(pid) === null));
      const files = path.join(service.dataDir, 'postgres');
      work(files, path.join(service.dataDir, 'files-of-an-earlier-moment'));
    } finally {
      process.kill(supervisor, 'SIGCONT');
    }
    await service.ready();
  }

  async function begin(marker: string, steps: Parameters<ScriptedModelServer['scenario']>[0]['steps']) {
    models.scenario({ when: marker, steps });
    const environment = await client.beta.environments.create({ name: marker });
    const ask = { permission_policy: { type: 'always_ask' as const } };
    const agent = await client.beta.agents.create({
      name: marker,
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401', ...(marker === 'waiting' ? { default_config: ask } : {}) }],
    });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    await say(session.id, marker);
    return session.id;
  }

  async function say(sessionId: string, text: string): Promise<void> {
    await client.beta.sessions.events.send(sessionId, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
  }

  async function confirm(sessionId: string): Promise<void> {
    const use = (await all(sessionId)).find((event) => event.type === 'agent.tool_use');
    await client.beta.sessions.events.send(sessionId, {
      events: [{ type: 'user.tool_confirmation', tool_use_id: use?.id ?? '', result: 'allow' }],
    });
  }

  async function all(sessionId: string) {
    const events = [];
    for await (const event of client.beta.sessions.events.list(sessionId)) events.push(event);
    return events;
  }

  async function typesOf(sessionId: string): Promise<string[]> {
    return (await all(sessionId)).map((event) => event.type);
  }

  async function rest(sessionId: string): Promise<void> {
    await until(async () => (await client.beta.sessions.retrieve(sessionId)).status === 'idle');
  }
});

function texts(...said: string[]) {
  return said.map((text) => ({ blocks: [{ type: 'text' as const, text }] }));
}

async function until(condition: () => Promise<boolean>, milliseconds = 90_000): Promise<void> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      if (!(error instanceof Anthropic.APIError) && !(error instanceof TypeError)) throw error;
    }
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
