import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../providers/host/process-identity.ts';
import { startService, type RunningService } from '../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

describe("Temporal's database, deleted under live sessions", () => {
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
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 10 });
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });

  it('costs no session anything: each goes on from the journal', async () => {
    const command = 'echo ran >> ledger.txt; sleep 3; wc -l < ledger.txt';
    const running = await begin('busy', [
      { blocks: [{ type: 'tool_use', name: 'bash', input: { command } }] },
      { blocks: [{ type: 'text', text: 'done' }] },
      { blocks: [{ type: 'text', text: 'again' }] },
    ]);
    const idle = await begin('idle', [
      { blocks: [{ type: 'text', text: 'first' }] },
      { blocks: [{ type: 'text', text: 'second' }] },
    ]);
    await rest(idle);
    await until(async () => (await typesOf(running)).includes('agent.tool_use'));

    await loseTemporal();
    await rest(running);
    const result = (await all(running)).find((event) => event.type === 'agent.tool_result');
    expect(JSON.stringify(result)).toMatch(/"1\\n"|"1"/);

    for (const id of [running, idle]) {
      await say(id, 'and now?');
      await until(async () => (await typesOf(id)).filter((type) => type === 'agent.message').length === 2);
      await rest(id);
      const types = await typesOf(id);
      expect(types.filter((type) => type === 'session.status_idle')).toHaveLength(2);
    }
    expect(models.violations()).toEqual([]);
  });

  /** Deletes the files while nobody restarts the server, then lets the supervisor find it dead. */
  async function loseTemporal(): Promise<void> {
    const { supervisor, temporal = 0 } = service.run().pids;
    process.kill(supervisor, 'SIGSTOP');
    process.kill(temporal, 'SIGKILL');
    await until(async () => {
      const state = identifyProcess(temporal);
      return state === null;
    });
    const folder = path.join(service.dataDir, 'temporal');
    const files = readdirSync(folder).filter((name) => name.includes('.db'));
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) rmSync(path.join(folder, name));
    process.kill(supervisor, 'SIGCONT');
  }

  async function begin(marker: string, steps: Parameters<ScriptedModelServer['scenario']>[0]['steps']) {
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

  async function say(sessionId: string, text: string): Promise<void> {
    await client.beta.sessions.events.send(sessionId, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
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

async function until(condition: () => Promise<boolean>, milliseconds = 60_000): Promise<void> {
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
