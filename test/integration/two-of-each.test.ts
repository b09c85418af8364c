import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { startEntry, type EntryProcess } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import { watchStream } from '../harness/sse-watcher.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

describe('two workers and two apis on one machine', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'managed-agent-two-'));
  let services: TestServices;
  let models: ScriptedModelServer;
  let workers: EntryProcess[];
  let apis: { process: EntryProcess; client: Anthropic; url: string }[];

  beforeAll(async () => {
    chmodSync(dataDir, 0o711);
    services = await startTestServices();
    models = await startScriptedModelServer();
    const settings = {
      MANAGED_AGENT_STORE_URL: services.postgresUrl,
      MANAGED_AGENT_TEMPORAL_ADDRESS: services.temporalAddress,
      MANAGED_AGENT_TEMPORAL_TASK_QUEUE: services.taskQueue,
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    };
    apis = [];
    for (let count = 0; count < 2; count++) {
      const port = String(await pickFreePort());
      const process = startEntry('server.ts', dataDir, { ...settings, MANAGED_AGENT_API_PORT: port });
      const url = `http://127.0.0.1:${port}`;
      apis.push({ process, url, client: new Anthropic({ baseURL: url, apiKey: 'unused', maxRetries: 5 }) });
    }
    workers = [1, 2].map(() => startEntry('worker.ts', dataDir, settings));
    for (const { url } of apis) await until(async () => (await fetch(`${url}/readyz`)).ok);
    await until(async () => {
      const { parts } = (await (await fetch(`${apis[0]?.url}/status`)).json()) as {
        parts: { brains: { figures?: { running: number } } };
      };
      return parts.brains.figures?.running === 2;
    });
  });

  afterAll(async () => {
    const all = [...workers, ...apis.map((api) => api.process)];
    for (const process of all) process.kill('SIGTERM');
    await Promise.all(all.map((process) => process.ended));
    await models.close();
    await services.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('goes on with the worker and the api that are left', async () => {
    const [first, second] = apis;
    if (!first || !second) throw new Error('two apis were started');
    const environment = await first.client.beta.environments.create({ name: 'two' });
    const agent = await first.client.beta.agents.create({
      name: 'two',
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const command = 'echo ran >> ledger.txt; sleep 2; wc -l < ledger.txt';
    const sessions: string[] = [];
    for (let count = 0; count < 6; count++) {
      models.scenario({
        when: `task-${count}`,
        steps: [
          {
            blocks: [
              { type: 'text', tokens: 30 },
              { type: 'tool_use', name: 'bash', input: { command } },
            ],
            gapMs: 40,
          },
          { blocks: [{ type: 'text', text: 'done' }] },
        ],
      });
      const session = await first.client.beta.sessions.create({
        agent: agent.id,
        environment_id: environment.id,
        initial_events: [{ type: 'user.message', content: [{ type: 'text', text: `task-${count}` }] }],
      });
      sessions.push(session.id);
    }
    const watchers = sessions.map((id) =>
      watchStream(`${second.url}/v1/sessions/${id}/events/stream`, { from: '0' }),
    );
    await until(async () => models.ledger().length >= sessions.length);

    const before = models.ledger().length;
    const killedAt = Date.now();
    workers[0]?.kill('SIGKILL');
    first.process.kill('SIGKILL');
    await models.waitFor((entry) => entry.n > before && entry.attempt > 1);
    console.log(
      `one of two workers killed: its model request was sent again after ${Date.now() - killedAt} ms`,
    );

    for (const [index, id] of sessions.entries()) {
      await until(async () => (await second.client.beta.sessions.retrieve(id)).status === 'idle');
      const events = [];
      for await (const event of second.client.beta.sessions.events.list(id)) events.push(event);
      const results = events.filter((event) => event.type === 'agent.tool_result');
      expect(results).toHaveLength(1);
      expect(JSON.stringify(results[0])).toMatch(/"1\\n"|"1"/);
      expect(events.filter((event) => event.type === 'session.status_idle')).toHaveLength(1);
      const watcher = watchers[index];
      await until(async () => watcher?.received.length === events.length);
      expect(watcher?.received.map((event) => event.eventId)).toEqual(events.map((event) => event.id));
      watcher?.stop();
    }
    expect(models.violations()).toEqual([]);
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
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
