import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { serviceReady } from '../harness/service-ready.ts';
import { startEntry, type EntryProcess } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import {
  startScriptedModelServer,
  type Script,
  type ScriptedModelServer,
} from '../scripted-model-server/index.ts';

const KEY = 'not-to-be-seen-in-any-log';
const use = { type: 'tool_use' as const, name: 'bash', input: { command: 'true' } };
const refusal = (status: number, message = 'The vendor said so.'): Script => ({
  fault: { kind: 'status', status, message },
});

describe('what operators find in the log of a turn that ended with an error', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'managed-agent-failures-'));
  let services: TestServices;
  let models: ScriptedModelServer;
  let parts: EntryProcess[];
  let beta: Anthropic['beta'];
  let metricsUrl: string;
  beforeAll(async () => {
    chmodSync(dataDir, 0o711);
    services = await startTestServices();
    models = await startScriptedModelServer();
    const [port, metricsPort] = [String(await pickFreePort()), String(await pickFreePort())];
    metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    const settings = {
      MANAGED_AGENT_STORE_URL: services.postgresUrl,
      MANAGED_AGENT_TEMPORAL_ADDRESS: services.temporalAddress,
      MANAGED_AGENT_TEMPORAL_TASK_QUEUE: services.taskQueue,
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: KEY,
      MANAGED_AGENT_MODELS: JSON.stringify([
        {
          id: 'first',
          provider: 'anthropic',
          vendor_model: 'claude-scripted',
          fallback: ['demo'],
        },
      ]),
      MANAGED_AGENT_SESSION_MAX_STEPS_PER_TURN: '1',
      MANAGED_AGENT_SESSION_FAILURES_BEFORE_FALLBACK: '1',
      MANAGED_AGENT_TELEMETRY_WORKER_PORT: metricsPort,
      MANAGED_AGENT_API_PORT: port,
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    };
    parts = [startEntry('server.ts', dataDir, settings), startEntry('worker.ts', dataDir, settings)];
    const url = `http://127.0.0.1:${port}`;
    await serviceReady(url);
    ({ beta } = new Anthropic({ baseURL: url, apiKey: 'unused', maxRetries: 5 }));
  });
  afterAll(async () => {
    for (const part of parts) part.kill('SIGTERM');
    await Promise.all(parts.map(async ({ ended }) => ended));
    await models.close();
    await services.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const logged = (): string => readFileSync(path.join(dataDir, 'worker.ts.log'), 'utf8');
  const linesOf = (sessionId: string) =>
    logged()
      .split('\n')
      .filter((line) => line.includes(`"session_id":"${sessionId}"`))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ level }) => level === 'error' || level === 'warn');

  /** Runs a turn on these answers to its end. */
  async function turn(scripts: Script[], model = 'claude-scripted'): Promise<string> {
    const marker = `failure-${randomUUID()}`;
    models.scenario({ when: marker, steps: scripts });
    const environment = await beta.environments.create({ name: marker });
    const agent = await beta.agents.create({ name: 'a', model, tools: [{ type: 'agent_toolset_20260401' }] });
    const { id } = await beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    const stream = await beta.sessions.events.stream(id);
    await beta.sessions.events.send(id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: marker }] }],
    });
    for await (const event of stream) if (event.type === 'session.status_idle') break;
    return id;
  }

  it.each([
    ['a refused key', refusal(401), 'model_credentials_refused', 'model_request_failed_error'],
    ['a refused request', refusal(400), 'model_request_refused', 'model_request_failed_error'],
    ['a model that is gone', refusal(404), 'model_request_refused', 'model_request_failed_error'],
    ['an unpaid bill', refusal(402), 'model_billing', 'billing_error'],
  ])('is, of %s, one line with the session, the model and the cause', async (_what, script, code, type) => {
    const id = await turn([script]);
    await expect.poll(() => linesOf(id)).toHaveLength(1);
    expect(linesOf(id)[0]).toMatchObject({
      level: 'error',
      msg: 'a turn ended with an error',
      workspace_id: 'default',
      error_code: code,
      error_type: type,
      model: 'claude-scripted',
      provider: 'anthropic',
      reason: expect.stringMatching(/Anthropic refused/) as string,
      step: expect.stringMatching(/\/1$/) as string,
    });
  });

  it('is, of a limit of the turn, one line too', async () => {
    const id = await turn([{ blocks: [use] }, { blocks: [use] }]);
    await expect.poll(() => linesOf(id)).toHaveLength(1);
    expect(linesOf(id)[0]).toMatchObject({
      level: 'error',
      error_type: 'tool_use_limit_reached_error',
      reason: expect.stringContaining('1 is the limit') as string,
    });
  });

  it('has no secret, and each failure is counted once', async () => {
    expect(logged()).not.toContain(KEY);
    const text = await (await fetch(metricsUrl)).text();
    expect(text).toMatch(
      /managed_agent_turn_failures_total\{code="model_credentials_refused",part="worker"\} 1/,
    );
    expect(text).toMatch(
      /managed_agent_turn_failures_total\{code="tool_use_limit_reached_error",part="worker"\} 1/,
    );
  });

  it('is a warning where another model went on', async () => {
    const id = await turn([refusal(500)], 'first');
    expect(linesOf(id)[0]).toMatchObject({
      level: 'warn',
      msg: 'a turn goes on with another model',
      model: 'first',
      error_code: 'model_unreachable',
    });
  });
});
