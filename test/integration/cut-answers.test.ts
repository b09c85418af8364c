import { randomUUID } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type RunningService } from '../harness/service.ts';
import {
  startScriptedModelServer,
  type Script,
  type ScriptBlock,
  type ScriptedModelServer,
} from '../scripted-model-server/index.ts';

const CLAUDE = 'claude-opus-5-5';
const CHAT = 'gpt-4.1';
const MODELS = [CLAUDE, 'gpt-6.1-sol', CHAT, 'gemini-4-argon'];

const text = (said: string): ScriptBlock => ({ type: 'text', text: said });
const THINKS: ScriptBlock = { type: 'thinking', text: 'hm, let me see' };
const cut = (...blocks: ScriptBlock[]): Script => ({ blocks, stop: 'max_tokens' });

/** The models of all vendors behind one server, whose answers are cut off. */
describe('answers that the output limit cuts off', () => {
  let models: ScriptedModelServer;
  let service: RunningService;
  let client: Anthropic;
  let environmentId: string;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    const at = models.url;
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: at,
      MANAGED_AGENT_PROVIDERS_OPENAI_BASE_URL: `${at}/v1`,
      MANAGED_AGENT_PROVIDERS_GEMINI_BASE_URL: at,
      ANTHROPIC_API_KEY: 'scripted',
      OPENAI_API_KEY: 'scripted',
      GEMINI_API_KEY: 'scripted',
      MANAGED_AGENT_SESSION_MAX_OUTPUT_CONTINUATIONS: '2',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_MODELS: JSON.stringify([
        {
          id: 'gpt-6.1-sol',
          provider: 'openai',
          api: 'responses',
          base_url: `${at}/v1`,
          api_key: 'scripted',
        },
        { id: CHAT, provider: 'openai', api: 'chat_completions' },
      ]),
    });
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 10 });
    environmentId = (await client.beta.environments.create({ name: 'cut' })).id;
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });

  /** Sends a message that the server answers by `steps`. Returns the session. */
  async function begin(model: string, steps: (Script | Script[])[]): Promise<string> {
    const marker = `message-${randomUUID()}`;
    models.scenario({ when: marker, steps });
    const agent = await client.beta.agents.create({
      name: 'cut',
      model,
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environmentId });
    await client.beta.sessions.events.send(session.id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: marker }] }],
    });
    return session.id;
  }

  async function log(sessionId: string) {
    const events = [];
    for await (const event of client.beta.sessions.events.list(sessionId)) events.push(event);
    return events;
  }

  async function rested(sessionId: string) {
    await until(async () => (await client.beta.sessions.retrieve(sessionId)).status === 'idle');
    return log(sessionId);
  }

  const saidIn = (events: Awaited<ReturnType<typeof log>>): string =>
    events
      .flatMap((event) => (event.type === 'agent.message' ? event.content : []))
      .map((block) => ('text' in block ? block.text : ''))
      .join('');
  const stopsIn = (events: Awaited<ReturnType<typeof log>>) =>
    events.flatMap((event) =>
      event.type === 'span.model_request_end' && event.is_error === false
        ? [(event as { stop_reason?: string }).stop_reason]
        : [],
    );

  it.each(MODELS)('are gone on with, and the text is whole: %s', async (model) => {
    const session = await begin(model, [
      cut(THINKS, text('The quick bro')),
      cut(text('wn fox jumps over the la')),
      { blocks: [text('zy dog.')] },
    ]);
    const events = await rested(session);
    expect(saidIn(events)).toBe('The quick brown fox jumps over the lazy dog.');
    expect(stopsIn(events)).toEqual(['max_tokens', 'max_tokens', 'end_turn']);
    expect(events.at(-1)).toMatchObject({ type: 'session.status_idle', stop_reason: { type: 'end_turn' } });
    expect(events.filter(({ type }) => type === 'session.error')).toEqual([]);
    expect(models.violations()).toEqual([]);
  });

  it.each(MODELS)('that are nothing but thought end the turn in plain words: %s', async (model) => {
    const session = await begin(model, [
      [cut(THINKS), cut(THINKS), cut(THINKS), { blocks: [text('Hello.')] }],
    ]);
    const events = await rested(session);
    expect(stopsIn(events)).toEqual(['max_tokens', 'max_tokens', 'max_tokens']);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    const errors = events.flatMap((event) => (event.type === 'session.error' ? [event.error] : []));
    expect(errors).toMatchObject([
      {
        type: 'model_request_failed_error',
        message: expect.stringContaining('still thinking, 3 times in a row') as string,
        retry_status: { type: 'exhausted' },
      },
    ]);
    await client.beta.sessions.events.send(session, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: 'again' }] }],
    });
    await until(async () => saidIn(await log(session)) === 'Hello.');
    expect((await rested(session)).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(models.violations()).toEqual([]);
  });

  it.each(MODELS)('in the middle of a call never run it, and the model is told: %s', async (model) => {
    // Gemini has no pieces of a call: what it sends is whole.
    const call: ScriptBlock = {
      type: 'tool_use',
      name: 'bash',
      ...(model.startsWith('gemini')
        ? { input: { command: 'touch /tmp/cut' } }
        : { rawInput: '{"command": "touch /tmp/cut' }),
    };
    const session = await begin(model, [
      cut(text('I write it.'), call),
      { blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'ls /tmp/cut || echo never' } }] },
      cut(call),
      cut(call),
      cut(call),
    ]);
    const events = await rested(session);
    const results = events.flatMap((event) => (event.type === 'agent.tool_result' ? [event] : []));
    expect(results.map(({ is_error: failed }) => failed === true)).toEqual([true, false, true, true, true]);
    expect(JSON.stringify(results[0])).toContain('The output limit cut this call off');
    expect(JSON.stringify(results[1])).toContain('never');
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    const errors = events.flatMap((event) => (event.type === 'session.error' ? [event.error] : []));
    expect(errors).toMatchObject([
      {
        type: 'tool_use_limit_reached_error',
        message: expect.stringContaining('The output limit cut') as string,
        retry_status: { type: 'exhausted' },
      },
    ]);
    expect(models.violations()).toEqual([]);
  });

  it('and calls that the server could not read are asked for again, with what it said', async () => {
    const failed = JSON.stringify({
      error: {
        message: "Failed to call a function. See 'failed_generation' for more details.",
        code: 'tool_use_failed',
        failed_generation: '<function=bash{"command": "ls"}',
      },
    });
    const session = await begin(CHAT, [
      [
        { fault: { kind: 'status', status: 400, body: failed } },
        { blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'echo read' } }] },
      ],
      { blocks: [text('Done.')] },
    ]);
    const events = await rested(session);
    expect(saidIn(events)).toBe('Done.');
    expect(stopsIn(events)).toEqual(['malformed_tool_call', 'tool_use', 'end_turn']);
    expect(events.filter(({ type }) => type === 'session.error')).toEqual([]);
    expect(models.violations()).toEqual([]);
  });

  it.each([CLAUDE, CHAT])(
    'and calls that are announced and do not come are asked for once: %s',
    async (model) => {
      const announced: Script = { blocks: [text('I look. ')], stop: 'tool_use' };
      const session = await begin(model, [announced, announced, { blocks: [text('too often')] }]);
      const events = await rested(session);
      expect(saidIn(events)).toBe('I look. I look. ');
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(events.filter(({ type }) => type === 'session.error')).toEqual([]);
      expect(models.violations()).toEqual([]);
    },
  );

  it('beside the same whole call again and again end the turn', async () => {
    const round = cut(
      { type: 'tool_use', name: 'bash', input: { command: 'echo once more' } },
      { type: 'tool_use', name: 'write', rawInput: '{"file_path": "/tmp/half", "content": "x' },
    );
    const session = await begin(CLAUDE, [round, round, round, round, { blocks: [text('never')] }]);
    const events = await rested(session);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    const errors = events.flatMap((event) => (event.type === 'session.error' ? [event.error.type] : []));
    expect(errors).toEqual(['tool_use_limit_reached_error']);
    const results = events.flatMap((event) => (event.type === 'agent.tool_result' ? [event] : []));
    expect(results.filter(({ is_error: failed }) => failed !== true)).toHaveLength(4);
    expect(saidIn(events)).toBe('');
    expect(models.violations()).toEqual([]);
  });

  it('and prompts that a filter stops are refusals in its words, after which the session goes on', async () => {
    const filtered = JSON.stringify({
      error: { message: 'The prompt triggered the content management policy.', code: 'content_filter' },
    });
    const session = await begin(CHAT, [
      [{ fault: { kind: 'status', status: 400, body: filtered } }, { blocks: [text('Gladly.')] }],
    ]);
    const events = await rested(session);
    expect(events.at(-1)).toMatchObject({
      type: 'session.status_idle',
      stop_reason: { type: 'refusal' },
      stop_details: { explanation: expect.stringContaining('content management policy') as string },
    });
    expect(events.filter(({ type }) => type === 'session.error')).toEqual([]);
    await client.beta.sessions.events.send(session, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: 'something else' }] }],
    });
    await until(async () => saidIn(await log(session)) === 'Gladly.');
    expect((await rested(session)).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
  });

  it('are gone on with once when the worker is killed before the next request, and in the middle of it', async () => {
    const slow: Script = { blocks: [text('wn fox '), { type: 'text', tokens: 30 }], gapMs: 60 };
    const runs = await Promise.all(
      [1, 2].map(async (spans) => ({
        spans,
        session: await begin(CLAUDE, [{ ...cut(THINKS, text('The quick bro')), gapMs: 60 }, slow]),
      })),
    );
    for (const { spans, session } of runs) {
      await until(async () => {
        const types = (await log(session)).map(({ type }) => type);
        return types.filter((type) => type === 'span.model_request_start').length >= spans;
      });
      await service.kill('worker');
      await service.ready();
    }
    for (const { session } of runs) {
      const events = await rested(session);
      expect(saidIn(events)).toMatch(/^The quick brown fox /);
      expect(stopsIn(events)).toEqual(['max_tokens', 'end_turn']);
      expect(events.filter(({ type }) => type === 'agent.message')).toHaveLength(2);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    }
    expect(models.violations()).toEqual([]);
  });

  it('end with an interrupt like others, and the simple door shows one text', async () => {
    const session = await begin(CLAUDE, [
      cut(text('One, ')),
      { blocks: [{ type: 'text', tokens: 200 }], gapMs: 100 },
      { blocks: [text('Done.')] },
    ]);
    await until(async () => stopsIn(await log(session)).length === 1);
    await client.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] });
    expect((await rested(session)).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });

    const marker = `message-${randomUUID()}`;
    models.scenario({ when: marker, steps: [cut(text('Hel')), { blocks: [text('lo.')] }] });
    models.setDefault({ blocks: [text('Hm.')] });
    const { id: agent } = await client.beta.agents.create({ name: 'door', model: CLAUDE });
    const answer = await fetch(`${service.url}/api/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: marker, agent, environment_id: environmentId }),
    });
    const frames = await answer.text();
    const shown = [...frames.matchAll(/event: text\ndata: (.*)/g)].map(
      ([, data]) => (JSON.parse(data ?? '{}') as { content: string }).content,
    );
    expect(shown.join('')).toBe('Hello.');
    expect(frames).not.toContain('event: restart');
    expect(frames).toContain('"stop_reason":"end_turn"');
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
