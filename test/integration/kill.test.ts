import { randomUUID } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';
import { startService, type Part, type RunningService } from '../harness/service.ts';
import { watchStream, type SseWatcher } from '../harness/sse-watcher.ts';

/** Where in its turn a session is when the kill comes. */
const POINTS = ['mid-stream', 'mid-command', 'waiting', 'between-steps', 'just-posted'] as const;
type Point = (typeof POINTS)[number];

const PARTS: readonly (Part | 'everything')[] = [
  'worker',
  'api',
  'temporal',
  'postgres',
  'supervisor',
  'everything',
];

interface Run {
  point: Point;
  sessionId: string;
  marker: string;
  watcher: SseWatcher;
}

/**
 * Each test brings five sessions to five different points of a turn, kills one part of the service with SIGKILL, and lets the service
 * recover by itself. Every run has to finish, every command to have run once, and list and stream to agree.
 */
describe('a service whose parts are killed', () => {
  let models: ScriptedModelServer;
  let service: RunningService;
  let client: Anthropic;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    });
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 20 });
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });

  for (const part of PARTS) {
    it(`goes on by itself after kill -9 of ${part}`, async () => {
      const runs: Run[] = [];
      for (const point of POINTS) runs.push(await begin(point));
      await Promise.all(runs.map((run) => reach(run)));
      const killedAt = Date.now();
      const before = models.ledger().length;
      await service.kill(part);
      await service.ready();
      await Promise.all(runs.map((run) => finish(run)));
      const next = models.ledger()[before];
      const seconds = next ? ((next.receivedAt - killedAt) / 1000).toFixed(1) : '-';
      console.log(`kill ${part}: next model request after ${seconds} s`);
      for (const run of runs) await check(run);
      expect(models.violations()).toEqual([]);
    });
  }

  async function begin(point: Point): Promise<Run> {
    const marker = `${point}-${randomUUID()}`;
    const command = `echo ${marker} >> ledger.txt; sleep ${point === 'mid-command' ? 3 : 0}; echo ran`;
    const tool = { blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command } }] };
    const answer = {
      blocks: [{ type: 'text' as const, tokens: 40 }],
      gapMs: point === 'mid-stream' ? 60 : 1,
    };
    const count = {
      blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command: 'cat ledger.txt' } }],
    };
    models.scenario({
      when: marker,
      steps: [tool, answer, count, { blocks: [{ type: 'text', text: 'counted' }] }],
    });
    const environment = await client.beta.environments.create({ name: marker });
    const policy = { type: point === 'waiting' ? 'always_ask' : 'always_allow' } as const;
    const agent = await client.beta.agents.create({
      name: marker,
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401', default_config: { permission_policy: policy } }],
    });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    const watcher = watchStream(`${service.url}/v1/sessions/${session.id}/events/stream`, { from: '0' });
    return { point, sessionId: session.id, marker, watcher };
  }

  /** Sends the message and waits until the session stands where the kill is to find it. */
  async function reach({ point, sessionId, marker }: Run): Promise<void> {
    if (point === 'just-posted') await new Promise((resolve) => setTimeout(resolve, 1_500));
    await say(sessionId, marker);
    if (point === 'just-posted') return;
    await until(async () => {
      const types = await typesOf(sessionId);
      switch (point) {
        case 'mid-stream':
          return types.filter((type) => type === 'span.model_request_start').length === 2;
        case 'mid-command':
          return types.includes('agent.tool_use');
        case 'waiting':
          return types.at(-1) === 'session.status_idle';
        case 'between-steps':
          return types.includes('agent.tool_result');
      }
    });
  }

  async function finish({ point, sessionId }: Run): Promise<void> {
    if (point === 'waiting') await confirm(sessionId);
    await rest(sessionId);
    await say(sessionId, 'how often?');
    if (point === 'waiting') {
      await until(async () => (await waitingFor(sessionId)).length > 0);
      await confirm(sessionId);
    }
    await rest(sessionId);
  }

  async function check({ sessionId, marker, watcher }: Run): Promise<void> {
    const events = await all(sessionId);
    const ids = events.map((event) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    await until(async () => watcher.received.length >= ids.length);
    watcher.stop();
    expect(watcher.received.map((event) => event.eventId)).toEqual(ids);

    const results = events.filter((event) => event.type === 'agent.tool_result');
    expect(results).toHaveLength(2);
    const first = JSON.stringify(results[0]);
    const ledger = JSON.stringify(results[1]).split(marker).length - 1;
    // A command whose sandbox was killed with everything else is reported as unknown, and ran at most once.
    if (first.includes('ran')) expect(ledger).toBe(1);
    else expect(ledger).toBeLessThanOrEqual(1);
    expect(events.filter((event) => event.type === 'agent.message')).toHaveLength(2);
  }

  async function say(sessionId: string, text: string): Promise<void> {
    await client.beta.sessions.events.send(sessionId, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
  }

  async function confirm(sessionId: string): Promise<void> {
    const events = (await waitingFor(sessionId)).map(
      (id) => ({ type: 'user.tool_confirmation', tool_use_id: id, result: 'allow' }) as const,
    );
    await client.beta.sessions.events.send(sessionId, { events });
  }

  async function waitingFor(sessionId: string): Promise<string[]> {
    const events = await all(sessionId);
    const last = events.findLast((event) => event.type === 'session.status_idle');
    const answered = events.some(
      (event) =>
        event.type === 'user.tool_confirmation' &&
        last?.type === 'session.status_idle' &&
        last.stop_reason.type === 'requires_action' &&
        last.stop_reason.event_ids.includes(event.tool_use_id),
    );
    if (answered || last?.type !== 'session.status_idle') return [];
    return last.stop_reason.type === 'requires_action' ? last.stop_reason.event_ids : [];
  }

  async function all(sessionId: string) {
    const events = [];
    for await (const event of client.beta.sessions.events.list(sessionId)) events.push(event);
    return events;
  }

  async function typesOf(sessionId: string): Promise<string[]> {
    return (await all(sessionId)).map((event) => event.type);
  }

  /** Waits until the session is idle with nothing waiting for anybody. */
  async function rest(sessionId: string): Promise<void> {
    await until(async () => {
      const { status } = await client.beta.sessions.retrieve(sessionId);
      return status === 'idle';
    });
  }
});

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
