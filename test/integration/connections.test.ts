import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type RunningService } from '../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

/** As OpenRouter lists its models. */
const LISTED = Array.from({ length: 700 }, (_, index) => ({
  id: `vendor-${index % 40}/model-${index}`,
  name: `Vendor: Model ${index}`,
  created: 1_750_000_000 + index,
  description: 'Words about the model. '.repeat(40),
  context_length: 100_000 + index,
  architecture: { input_modalities: ['text'], output_modalities: ['text'] },
  pricing: { prompt: '0.000001', completion: '0.000002' },
  top_provider: { context_length: 100_000 + index, max_completion_tokens: 8_000 },
  supported_parameters: ['max_tokens', 'temperature', 'tools'],
}));

describe('models of several connections', () => {
  let models: ScriptedModelServer;
  let lists: Server;
  let settings: Record<string, string>;
  let service: RunningService;
  let client: Anthropic;
  let beta: Anthropic['beta'];
  let environment: string;
  let connections: Record<string, object>;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    lists = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: LISTED }));
    }).listen(0, '127.0.0.1');
    await once(lists, 'listening');
    const router = `http://127.0.0.1:${(lists.address() as AddressInfo).port}/api/v1`;
    const first = { protocol: 'openai', base_url: `${models.url}/v1`, api_key: 'one' };
    connections = {
      first,
      second: { protocol: 'anthropic', base_url: models.url, api_key: 'two' },
      router: { protocol: 'openai', base_url: router, api_key: 'three', import_models: true },
    };
    settings = {
      MANAGED_AGENT_PROVIDERS: JSON.stringify(connections),
      MANAGED_AGENT_MODELS: JSON.stringify([
        {
          id: 'main',
          provider: 'first',
          vendor_model: 'scripted-main',
          fallback: ['second/claude-scripted'],
        },
      ]),
      MANAGED_AGENT_SESSION_FALLBACK_COOL_DOWN_SECONDS: '0',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    };
    service = await startService(settings);
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 20 });
    ({ beta } = client);
    environment = (await beta.environments.create({ name: 'env' })).id;
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
    lists.close();
  });

  async function sessionOn(model: string): Promise<string> {
    const tools = [{ type: 'agent_toolset_20260401' as const }];
    const agent = await beta.agents.create({ name: 'a', model, tools });
    return (await beta.sessions.create({ agent: agent.id, environment_id: environment })).id;
  }

  /** Sends a message. Returns the session's events until it idles. */
  async function turn(session: string, text: string) {
    const stream = await beta.sessions.events.stream(session);
    await beta.sessions.events.send(session, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
    const events = [];
    for await (const event of stream) {
      events.push(event);
      if (event.type === 'session.status_idle') break;
    }
    return events;
  }

  const askedFor = (text: string) =>
    models.ledger().flatMap(({ about, body }) => (about.includes(text) ? [body] : []));

  it('are listed whole, page by page, where a server has hundreds', async () => {
    const end = performance.now() + 60_000;
    const all = async () => {
      const ids = [];
      for await (const { id } of client.models.list({ limit: 100 })) ids.push(id);
      return ids;
    };
    let ids = await all();
    while (!ids.includes('vendor-19/model-699') && performance.now() < end) ids = await all();
    for (const { id } of LISTED) expect(ids).toContain(id);
    expect(new Set(ids).size).toBe(ids.length);
    const model = await client.models.retrieve('router/vendor-19/model-699');
    expect(model).toMatchObject({ max_input_tokens: 100_699 });
  });

  // After the list, so that the api goes by what the worker says and no longer by settings of its own.
  it('can be named with the connection although no list has them', async () => {
    const text = `unlisted-${randomUUID()}`;
    models.scenario({ when: text, steps: [{ blocks: [{ type: 'text', text: 'Yes.' }] }] });
    const events = await turn(await sessionOn('first/some-model:free'), text);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(askedFor(text)).toMatchObject([{ model: 'some-model:free' }]);
    await expect(sessionOn('frist/some-model')).rejects.toMatchObject({ status: 400 });
  });

  it('stand in for each other in the middle of a tool loop', async () => {
    const text = `loop-${randomUUID()}`;
    const call = (command: string) => ({ type: 'tool_use' as const, name: 'bash', input: { command } });
    const fault = { kind: 'status' as const, status: 401, message: 'No such key.' };
    models.scenario({
      when: text,
      steps: [
        { blocks: [call(`echo one-${text} | tee -a ledger`)] },
        [{ fault }, { blocks: [call(`echo two-${text} | tee -a ledger`)] }],
        { blocks: [call('cat ledger | wc -l')] },
        { blocks: [{ type: 'text', text: 'Done.' }] },
      ],
    });
    const session = await sessionOn('main');
    const events = await turn(session, text);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    const results = events.flatMap((event) => (event.type === 'agent.tool_result' ? [event] : []));
    expect(results.map(({ is_error: failed }) => failed)).toEqual([false, false, false]);
    expect(JSON.stringify(results.at(-1)?.content)).toContain('2');
    expect(askedFor(text).map((body) => (body as { model: string }).model)).toEqual([
      'scripted-main',
      'scripted-main',
      'claude-scripted',
      'claude-scripted',
      'claude-scripted',
    ]);
  });

  it('fail in plain words while their connection is gone, and go on when it is back', async () => {
    const text = `renamed-${randomUUID()}`;
    models.scenario({ when: text, steps: [{ blocks: [{ type: 'text', text: 'Yes.' }], times: 2 }] });
    const session = await sessionOn('first/kept');
    expect((await turn(session, text)).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });

    const { first, ...others } = connections;
    settings['MANAGED_AGENT_PROVIDERS'] = JSON.stringify({ ...others, renamed: first });
    settings['MANAGED_AGENT_MODELS'] = '[]';
    await service.kill('everything');
    await service.ready();
    const failed = await turn(session, 'Are you there?');
    const error = failed.find(({ type }) => type === 'session.error');
    expect(JSON.stringify(error)).toContain('No model \\"first/kept\\" is configured');
    expect(JSON.stringify(error)).toContain('the connection \\"first\\" to providers');

    settings['MANAGED_AGENT_PROVIDERS'] = JSON.stringify(connections);
    await service.kill('everything');
    await service.ready();
    expect((await turn(session, 'And now?')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
  });
});
