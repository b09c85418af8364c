import { setTimeout as delay } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../examples/connect.ts';
import { startAioDouble } from '../harness/aio/server.ts';
import { realDockerHost, startEngineUnderTest } from '../harness/docker-engine/under-test.ts';
import { startService, type RunningService } from '../harness/service.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(settings: Record<string, string>): Promise<RunningService> {
  const service = await startService({ MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1', ...settings });
  cleanups.push(() => service.stop());
  return service;
}

/** A command that runs while its worker is killed: it must run once, and its result must come. */
async function runAcrossKill(service: RunningService): Promise<{ said: string; sessionId: string }> {
  const client: Anthropic = connect(service.url);
  const agent = await client.beta.agents.create({
    model: 'demo',
    name: 'Runner',
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  const environment = await client.beta.environments.create({ name: 'Linux' });
  const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  const command =
    'echo ran >> /workspace/count; sleep 6; cat /workspace/count; pwd; echo out > /mnt/session/outputs/out.txt';
  await client.beta.sessions.events.send(session.id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: `run \`${command}\`` }] }],
  });
  const texts = async (): Promise<string> => {
    const rows: string[] = [];
    for await (const event of client.beta.sessions.events.list(session.id)) rows.push(JSON.stringify(event));
    return rows.join('\n');
  };
  const until = async (wanted: string): Promise<string> => {
    for (;;) {
      const said = await texts();
      if (said.includes(wanted)) return said;
      await delay(200);
    }
  };
  await until('agent.tool_use');
  await delay(3_000);
  await service.kill('worker');
  return { said: await until('session.status_idle'), sessionId: session.id };
}

const isRoot = process.getuid?.() === 0;
describe('the service on containers (needs root for their doubles)', () => {
  it.skipIf(!isRoot && realDockerHost === undefined)(
    'runs tools in Docker, once, although the worker is killed',
    async () => {
      const engine = await startEngineUnderTest();
      cleanups.push(() => engine.close());
      const service = await serve({
        MANAGED_AGENT_SANDBOX_DRIVER: 'docker',
        MANAGED_AGENT_SANDBOX_DOCKER_HOST: engine.host,
        MANAGED_AGENT_SANDBOX_DOCKER_IMAGE: engine.image,
      });
      const { said, sessionId } = await runAcrossKill(service);
      expect(said).toContain('ran\\n/workspace');
      expect(said).not.toContain('ran\\nran');
      expect((await engine.names(sessionId)).containers).toHaveLength(2);
      await connect(service.url).beta.sessions.delete(sessionId);
      while ((await engine.names(sessionId)).volumes.length > 0) await delay(200);
    },
  );
  it.skipIf(!isRoot)('runs tools in AIO, once, although the worker is killed', async () => {
    const double = await startAioDouble();
    cleanups.push(() => double.close());
    const service = await serve({
      MANAGED_AGENT_SANDBOX_DRIVER: 'aio',
      MANAGED_AGENT_SANDBOX_AIO_URL: `${double.url}/{session_id}`,
      MANAGED_AGENT_SANDBOX_AIO_API_KEY: double.apiKey,
    });
    const { said } = await runAcrossKill(service);
    expect(said).toContain('ran\\n/workspace');
    expect(said).not.toContain('ran\\nran');
  });
});
