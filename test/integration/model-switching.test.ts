import { randomUUID } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type RunningService } from '../harness/service.ts';
import {
  startScriptedModelServer,
  type ReceivedRequest,
  type Script,
  type ScriptBlock,
  type ScriptedModelServer,
} from '../scripted-model-server/index.ts';

const CLAUDE = 'claude-opus-5-5';
const RESPONSES = 'gpt-6.1-sol';
const CHAT = 'gpt-4.1';
const GEMINI = 'gemini-4-argon';
const MODELS = [CLAUDE, RESPONSES, CHAT, GEMINI];

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const call = (name: string, input: Record<string, string>): ScriptBlock => ({
  type: 'tool_use',
  name,
  input,
});
const THINKS: ScriptBlock = { type: 'thinking', text: 'hm, let me see' };

/** What a model does after each message: it makes an image and looks at it, with calls at once, and thinks, shown and hidden. */
const ROUNDS: Script[] = [
  {
    blocks: [
      THINKS,
      { type: 'text', text: 'I make one.' },
      call('bash', { command: `echo ${PIXEL} | base64 -d > pixel.png` }),
      call('bash', { command: 'echo second' }),
    ],
  },
  {
    blocks: [
      { type: 'hidden_thinking' },
      call('read', { file_path: 'pixel.png' }),
      call('read', { file_path: 'no-such-pixel' }),
    ],
  },
  { blocks: [THINKS, { type: 'text', tokens: 30 }], gapMs: 20 },
];

/** The models of all vendors behind one server that refuses what they would refuse. */
describe('a session that moves between models', () => {
  let models: ScriptedModelServer;
  let service: RunningService;
  let client: Anthropic;
  let agentId: string;
  let environmentId: string;
  /** Models that fail, by the message: with this fault. */
  const down = new Map<string, Map<string, Script['fault']>>();

  /** What has been said since the message tells which round it is: an answer that a killed worker had is asked for again. */
  function respond({ body, model }: ReceivedRequest): Script {
    const text = JSON.stringify(body);
    const marker = [...text.matchAll(/message-[0-9a-f-]{36}/g)].at(-1)?.[0] ?? '';
    const fault = down.get(marker)?.get(model);
    if (fault) return { blocks: [], fault };
    const since = text.slice(text.lastIndexOf(marker));
    const had = ['echo second', 'no-such-pixel'].filter((call) => since.includes(call));
    return ROUNDS[had.length] ?? { blocks: [] };
  }

  beforeAll(async () => {
    models = await startScriptedModelServer({ respond });
    const at = models.url;
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: at,
      MANAGED_AGENT_PROVIDERS_OPENAI_BASE_URL: `${at}/v1`,
      MANAGED_AGENT_PROVIDERS_GEMINI_BASE_URL: at,
      ANTHROPIC_API_KEY: 'scripted',
      OPENAI_API_KEY: 'scripted',
      GEMINI_API_KEY: 'scripted',
      MANAGED_AGENT_SESSION_FAILURES_BEFORE_FALLBACK: '2',
      // Each test here has an outage of its own.
      MANAGED_AGENT_SESSION_FALLBACK_COOL_DOWN_SECONDS: '0',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_MODELS: JSON.stringify([
        { id: CLAUDE, provider: 'anthropic', fallback: [RESPONSES, GEMINI] },
        { id: RESPONSES, provider: 'openai', api: 'responses', base_url: `${at}/v1`, api_key: 'scripted' },
        { id: CHAT, provider: 'openai', api: 'chat_completions', images: { max_count: 20 } },
      ]),
    });
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 10 });
    agentId = (
      await client.beta.agents.create({
        name: 'wanderer',
        model: CLAUDE,
        tools: [{ type: 'agent_toolset_20260401' }],
      })
    ).id;
    environmentId = (await client.beta.environments.create({ name: 'wander' })).id;
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });

  async function create(): Promise<string> {
    return (await client.beta.sessions.create({ agent: agentId, environment_id: environmentId })).id;
  }

  /** Sends a message with an image; returns its name. */
  async function say(sessionId: string, faults: Record<string, Script['fault']> = {}): Promise<string> {
    const marker = `message-${randomUUID()}`;
    down.set(marker, new Map(Object.entries(faults)));
    const image = { type: 'base64' as const, media_type: 'image/png' as const, data: PIXEL };
    await client.beta.sessions.events.send(sessionId, {
      events: [
        {
          type: 'user.message',
          content: [
            { type: 'image', source: image },
            { type: 'text', text: marker },
          ],
        },
      ],
    });
    return marker;
  }

  async function rest(sessionId: string): Promise<void> {
    await until(async () => (await client.beta.sessions.retrieve(sessionId)).status === 'idle');
  }

  async function log(sessionId: string) {
    const events = [];
    for await (const event of client.beta.sessions.events.list(sessionId)) events.push(event);
    return events;
  }

  /** Which models answered a message in full, in order. The server may know of the last answer a little later than we do. */
  async function answered(marker: string): Promise<string[]> {
    const found = () =>
      models
        .ledger()
        .filter(({ body, outcome }) => outcome === 'completed' && JSON.stringify(body).includes(marker))
        .map(({ model }) => model);
    await until(async () => found().length >= 3);
    return found();
  }

  it('goes from vendor to vendor by updates, with tools, thinking and images in each part', async () => {
    const session = await create();
    for (const model of [...MODELS, CLAUDE, GEMINI, RESPONSES, CLAUDE]) {
      const { agent } = await client.beta.sessions.update(session, { agent: { model } as object });
      expect(agent.model.id).toBe(model);
      const marker = await say(session);
      await rest(session);
      expect((await answered(marker)).slice(0, 3)).toEqual([model, model, model]);
    }
    expect(models.violations()).toEqual([]);
    const events = await log(session);
    expect(events.filter(({ type }) => type === 'session.error')).toEqual([]);
    expect(events.filter(({ type }) => type === 'session.updated')).toHaveLength(MODELS.length + 3);
    const results = events.filter((event) => event.type === 'agent.tool_result');
    const seen = results.filter(({ content }) => content?.some(({ type }) => type === 'image'));
    expect([results.length, seen.length]).toEqual([32, 8]);
    const { usage } = await client.beta.sessions.retrieve(session);
    expect(Number(usage.list_cost?.amount)).toBeGreaterThan(0);
  });

  it('goes on with the next models of the chain when providers are down, and returns in the next turn', async () => {
    const session = await create();
    const overloaded = { kind: 'status' as const, status: 529 };
    const unpaid = { kind: 'status' as const, status: 402, message: 'no credit' };
    const marker = await say(session, { [CLAUDE]: overloaded, [RESPONSES]: unpaid });
    await rest(session);
    const events = await log(session);
    const errors = events.flatMap((event) => (event.type === 'session.error' ? [event.error] : []));
    expect(errors).toMatchObject([
      { type: 'model_overloaded_error', retry_status: { type: 'retrying' } },
      {
        type: 'model_overloaded_error',
        retry_status: { type: 'retrying' },
        fallback_model: RESPONSES,
        message: expect.stringContaining(`The turn goes on with ${RESPONSES}.`) as string,
      },
      { type: 'billing_error', retry_status: { type: 'retrying' }, fallback_model: GEMINI },
    ]);
    expect((await answered(marker)).slice(0, 3)).toEqual([GEMINI, GEMINI, GEMINI]);
    expect(events.at(-1)).toMatchObject({ type: 'session.status_idle', stop_reason: { type: 'end_turn' } });

    const next = await say(session);
    await rest(session);
    expect((await answered(next)).slice(0, 3)).toEqual([CLAUDE, CLAUDE, CLAUDE]);
    expect((await client.beta.sessions.retrieve(session)).agent.model.id).toBe(CLAUDE);
    expect(models.violations()).toEqual([]);
  });

  it('ends the turn with a typed reason when the whole chain is down', async () => {
    const session = await create();
    const unpaid = { kind: 'status' as const, status: 402, message: 'no credit' };
    await say(session, { [CLAUDE]: unpaid, [RESPONSES]: unpaid, [GEMINI]: unpaid });
    await rest(session);
    const events = await log(session);
    const errors = events.flatMap((event) => (event.type === 'session.error' ? [event.error] : []));
    expect(errors.map(({ retry_status }) => retry_status.type)).toEqual([
      'retrying',
      'retrying',
      'exhausted',
    ]);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    await say(session);
    await rest(session);
    expect((await log(session)).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
  });

  it('finishes each step once when its worker is killed before, while and after it moves', async () => {
    const reset = { kind: 'reset' as const };
    const runs = await Promise.all(
      ['rescheduled', 'moved', 'streaming'].map(async (point) => {
        const session = await create();
        return { point, session, marker: await say(session, { [CLAUDE]: reset }) };
      }),
    );
    for (const { point, session } of runs) {
      await until(async () => {
        const text = JSON.stringify(await log(session));
        if (point === 'rescheduled') return text.includes('session.status_rescheduled');
        const moved = text.includes('fallback_model');
        return point === 'moved' ? moved : moved && text.split('span.model_request_start').length > 5;
      });
      await service.kill('worker');
    }
    for (const { session, marker } of runs) {
      await rest(session);
      const events = await log(session);
      const moves = events.filter((event) => JSON.stringify(event).includes('fallback_model'));
      expect(moves).toHaveLength(1);
      const ends = events.flatMap((event) => (event.type === 'span.model_request_end' ? [event] : []));
      const starts = events.filter(({ type }) => type === 'span.model_request_start');
      expect(starts).toHaveLength(ends.length);
      expect(ends.filter(({ is_error: failed }) => failed === false)).toHaveLength(3);
      expect(events.filter(({ type }) => type === 'agent.tool_result')).toHaveLength(4);
      const place = events.findIndex((event) => event.id === moves[0]?.id);
      expect(JSON.stringify(events.slice(place + 1))).not.toContain('session.error');
      expect(new Set(await answered(marker))).toEqual(new Set([RESPONSES]));
    }
    expect(models.violations()).toEqual([]);
  });
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
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
