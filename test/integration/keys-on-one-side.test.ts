import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { startEntry, type EntryProcess } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

/** As containers have it: each process with the settings that it needs, and no more. */
describe('an api and workers with the keys on the workers’ side', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'managed-agent-apart-'));
  const processes: EntryProcess[] = [];
  let settings: Record<string, string>;
  let services: TestServices;
  let models: ScriptedModelServer;
  let url: string;
  let client: Anthropic;
  let thinking: EntryProcess;

  beforeAll(async () => {
    chmodSync(dataDir, 0o711);
    services = await startTestServices();
    models = await startScriptedModelServer();
    settings = {
      MANAGED_AGENT_STORE_URL: services.postgresUrl,
      MANAGED_AGENT_TEMPORAL_ADDRESS: services.temporalAddress,
      MANAGED_AGENT_TEMPORAL_TASK_QUEUE: services.taskQueue,
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    };
    const port = String(await pickFreePort());
    url = `http://127.0.0.1:${port}`;
    client = new Anthropic({ baseURL: url, apiKey: 'unused', maxRetries: 0 });
    start('server.ts', { MANAGED_AGENT_API_PORT: port });
    await until(async () => (await fetch(`${url}/healthz`)).ok);
  });

  afterAll(async () => {
    for (const process of processes) process.kill('SIGTERM');
    await Promise.all(processes.map((process) => process.ended));
    await models.close();
    await services.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  function start(entry: 'server.ts' | 'worker.ts', own: Record<string, string>): EntryProcess {
    const process = startEntry(entry, dataDir, { ...settings, ...own });
    processes.push(process);
    return process;
  }

  const post = async (route: string, body: object): Promise<Response> =>
    fetch(`${url}${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-beta': 'managed-agents-2026-04-01' },
      body: JSON.stringify(body),
    });
  const newAgent = async (model: string): Promise<Response> =>
    post('/v1/agents', { name: 'apart', model, tools: [{ type: 'agent_toolset_20260401' }] });

  async function answersOf(agent: string, turns: number): Promise<string[]> {
    const environment = await client.beta.environments.create({ name: 'apart' });
    return Promise.all(
      Array.from({ length: turns }, async () => {
        const session = await client.beta.sessions.create({
          agent,
          environment_id: environment.id,
          initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'hello' }] }],
        });
        await until(async () => (await client.beta.sessions.retrieve(session.id)).status === 'idle');
        const events = [];
        for await (const event of client.beta.sessions.events.list(session.id)) events.push(event);
        return JSON.stringify(events.filter(({ type }) => /^agent\.message$|error/.test(type)));
      }),
    );
  }

  it('say that nobody knows yet, as long as no worker has spoken', async () => {
    for (const answer of [await newAgent('claude-scripted'), await post('/api/sessions', {})]) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(JSON.stringify(await answer.json())).toContain('start a worker');
    }
    const list = await fetch(`${url}/v1/models`);
    expect(list.headers.get('warning')).toContain('No worker has said yet');
  });

  it('offer the models that a worker can reach, and run sessions on them', async () => {
    thinking = start('worker.ts', {
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      OPENAI_API_KEY: 'sk-nobodys',
      MANAGED_AGENT_WEB_SEARCH_PROVIDER: 'brave',
      MANAGED_AGENT_WEB_SEARCH_API_KEY: 'nobodys',
      MANAGED_AGENT_MODELS: '[{"id": "our-model", "provider": "openai", "api_key_env": "OPENAI_API_KEY"}]',
    });
    // A worker says what it can do a moment before it counts as running.
    await until(async () => (await fetch(`${url}/v1/models`)).headers.get('warning') === null);
    const list = await fetch(`${url}/v1/models?limit=100`);
    const ids = ((await list.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['claude-sonnet-5-5', 'our-model', 'gpt-6.1-sol', 'demo']));
    expect(ids.some((id) => id.startsWith('gemini-'))).toBe(false);
    expect((await newAgent('gemini-3.8-flash')).status).toBe(400);
    expect((await newAgent('our-model')).status).toBe(200);
    models.scenario({ when: 'hello', steps: [{ blocks: [{ type: 'text', text: 'done' }] }] });
    const agent = await client.beta.agents.create({ name: 'apart', model: 'claude-scripted' });
    expect(await answersOf(agent.id, 1)).toEqual([expect.stringContaining('done')]);
  });

  it('warn of no tool that the worker has', async () => {
    const answer = await newAgent('claude-scripted');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('warning')).toBeNull();
  });

  it('give the simple door the model that the worker would take', async () => {
    const { agent } = (await (await post('/api/sessions', {})).json()) as { agent: string };
    expect((await client.beta.agents.retrieve(agent)).model.id).toBe('claude-sonnet-5-5');
  });

  it('give each turn to a worker that can reach its model', async () => {
    const agent = await client.beta.agents.create({ name: 'apart', model: 'claude-scripted' });
    start('worker.ts', {});
    await until(async () => /"brains":.{0,99}\b2 running/.test(await (await fetch(`${url}/status`)).text()));
    const answers = await answersOf(agent.id, 8);
    expect(answers.filter((answer) => !answer.includes('done') || answer.includes('error'))).toEqual([]);
  });

  it('no longer offer what only a worker had that is gone', async () => {
    thinking.kill('SIGTERM');
    await thinking.ended;
    await until(async () => (await newAgent('claude-scripted')).status === 400);
    const answer = await newAgent('claude-scripted');
    expect(JSON.stringify(await answer.json())).toContain('there is no model');
    expect((await newAgent('demo')).headers.get('warning')).toContain('web_search');
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 150_000;
  for (;;) {
    if (await holds().catch(() => false)) return;
    if (Date.now() > end) throw new Error('it did not come to be in time');
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}
