import { randomUUID } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import type { BetaManagedAgentsModelConfigParams } from '@anthropic-ai/sdk/resources/beta/agents/agents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type RunningService } from '../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

/** The SDK passes fields on that it does not know. */
const model = (id: string, settings: object): BetaManagedAgentsModelConfigParams => ({ id, ...settings });

describe('settings of an agent’s model', () => {
  let models: ScriptedModelServer;
  let service: RunningService;
  let beta: Anthropic['beta'];
  let environment: string;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    const openai = { provider: 'openai', base_url: `${models.url}/v1`, api_key: 'scripted' };
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_MODELS: JSON.stringify([
        { id: 'plain-claude', provider: 'anthropic', vendor_model: 'claude-sonnet-4-5', thinking: false },
        { ...openai, id: 'scripted-responses', api: 'responses', thinking: false },
        { ...openai, id: 'scripted-chat', api: 'chat_completions', fallback: ['plain-claude'] },
        {
          id: 'scripted-gemini',
          provider: 'gemini',
          vendor_model: 'gemini-3-pro',
          base_url: models.url,
          api_key: 'scripted',
        },
      ]),
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    });
    ({ beta } = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 5 }));
    environment = (await beta.environments.create({ name: 'env' })).id;
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });

  /** Runs a turn of one answer. Returns what the model servers were asked, in order. */
  async function bodiesOf(agent: string, text: string): Promise<unknown[]> {
    return askedIn(await beta.sessions.create({ agent, environment_id: environment }), text);
  }

  async function askedIn(session: { id: string }, text: string): Promise<unknown[]> {
    const stream = await beta.sessions.events.stream(session.id);
    await beta.sessions.events.send(session.id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
    for await (const event of stream)
      if (event.type === 'session.status_idle') {
        expect(event.stop_reason.type).toBe('end_turn');
        break;
      }
    return models.ledger().flatMap(({ about, body }) => (about.includes(text) ? [body] : []));
  }

  it.each<[string, object, object]>([
    [
      'plain-claude',
      { temperature: 0.2, prompt_cache_ttl: '1h', stop_sequences: ['END'] },
      {
        temperature: 0.2,
        stop_sequences: ['END'],
        system: expect.arrayContaining([
          expect.objectContaining({ cache_control: { type: 'ephemeral', ttl: '1h' } }),
        ]),
      },
    ],
    ['scripted-responses', { temperature: 0.2 }, { temperature: 0.2 }],
    ['scripted-chat', { temperature: 0, top_k: 5, seed: 7 }, { temperature: 0, top_k: 5, seed: 7 }],
    [
      'scripted-gemini',
      { temperature: 0, seed: 7 },
      { generationConfig: expect.objectContaining({ temperature: 0, seed: 7 }) },
    ],
  ])('reach the vendor of %s: %j', async (id, settings, asked) => {
    const text = `settings-${randomUUID()}`;
    models.scenario({ when: text, steps: [{ blocks: [{ type: 'text', text: 'Yes.' }] }] });
    const agent = await beta.agents.create({ name: id, system: 'Be brief.', model: model(id, settings) });
    expect(agent.model).toMatchObject({ id, ...settings });
    expect(await bodiesOf(agent.id, text)).toMatchObject([asked]);
    // A change of something else leaves them, and each version keeps its own.
    const renamed = await beta.agents.update(agent.id, { version: agent.version, name: 'renamed' });
    expect(renamed.model).toMatchObject({ id, ...settings });
    const changed = await beta.agents.update(agent.id, { version: renamed.version, model: { id } });
    for (const name of Object.keys(settings)) expect(changed.model).not.toHaveProperty(name);
    const first = await beta.agents.retrieve(agent.id, { version: agent.version });
    expect(first.model).toMatchObject({ id, ...settings });
  });

  it.each<[string, object, RegExp]>([
    [
      'scripted-chat',
      { prompt_cache_ttl: '1h' },
      /model\.prompt_cache_ttl: scripted-chat has no such setting/,
    ],
    ['scripted-chat', { temperature: 3 }, /model\.temperature/],
    ['scripted-chat', { temprature: 1 }, /temprature/],
    ['demo', { temperature: 1 }, /model\.temperature: demo has no such setting/],
  ])('are refused with their name where %s does not take them: %j', async (id, settings, words) => {
    const refused = beta.agents.create({ name: id, model: model(id, settings) });
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toMatchObject({ status: 400 });
    const agent = await beta.agents.create({ name: id, model: id });
    const changed = beta.agents.update(agent.id, { version: agent.version, model: model(id, settings) });
    await expect(changed).rejects.toThrow(words);
  });

  it('can be changed for one session, whose agent keeps its own', async () => {
    const text = `settings-${randomUUID()}`;
    models.scenario({ when: text, steps: [{ blocks: [{ type: 'text', text: 'Yes.' }] }] });
    const agent = await beta.agents.create({
      name: 'a',
      model: model('scripted-chat', { temperature: 0.4, seed: 7 }),
    });
    const session = await beta.sessions.create({ agent: agent.id, environment_id: environment });
    const change = (settings: object) =>
      beta.sessions.update(session.id, { agent: { model: model('scripted-chat', settings) } } as object);
    await expect(change({ prompt_cache_ttl: '1h' })).rejects.toThrow(
      /prompt_cache_ttl: scripted-chat has no/,
    );
    expect((await change({ temperature: 0.9 })).agent.model).toMatchObject({ temperature: 0.9 });
    const [asked] = await askedIn(session, text);
    expect(asked).toMatchObject({ temperature: 0.9 });
    expect(asked).not.toHaveProperty('seed');
    expect((await beta.agents.retrieve(agent.id)).model).toMatchObject({ temperature: 0.4, seed: 7 });
  });

  it('go with the model that stands in as far as it takes them', async () => {
    const text = `settings-${randomUUID()}`;
    const fault = { kind: 'status' as const, status: 401, message: 'No such key.' };
    models.scenario({ when: text, steps: [[{ fault }, { blocks: [{ type: 'text', text: 'Yes.' }] }]] });
    const settings = { temperature: 0.4, seed: 7 };
    const agent = await beta.agents.create({ name: 'a', model: model('scripted-chat', settings) });
    const [refused, answered] = await bodiesOf(agent.id, text);
    expect(refused).toMatchObject(settings);
    expect(answered).toMatchObject({ model: 'claude-sonnet-4-5', temperature: 0.4 });
    expect(answered).not.toHaveProperty('seed');
  });
});
