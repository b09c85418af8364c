import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJournalWriter } from '../../../core/journal/journal-writer.ts';
import { Session } from '../../../core/schema/session.ts';
import { newIds } from '../../../wiring/new-ids.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

let api: TestApi;
let client: Anthropic;
let agent: string;
let environment: string;
beforeAll(async () => {
  api = await startApi({
    settings: {
      MODELS: JSON.stringify([
        { id: 'unpriced', provider: 'openai', base_url: 'http://127.0.0.1:9/v1' },
        { id: 'toolless', provider: 'openai', base_url: 'http://127.0.0.1:9/v1', tools: false },
      ]),
    },
  });
  client = api.client();
  const tools = [{ type: 'agent_toolset_20260401' as const }];
  agent = (await client.beta.agents.create({ model: 'claude-opus-5-5', name: 'Coder', tools })).id;
  environment = (await client.beta.environments.create({ name: 'Linux' })).id;
});
afterAll(async () => api.stop());

const cents = (amount: string) => ({
  type: 'limit' as const,
  max_list_cost: { amount, currency: 'USD' as const },
});
const hello = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'Hello' }] };
const refused = (errorCode: string) => ({ status: 400, type: 'invalid_request_error', errorCode });

async function create(budget?: ReturnType<typeof cents>, extra: object = {}) {
  return client.beta.sessions.create({
    agent,
    environment_id: environment,
    ...(budget ? { budget } : {}),
    ...extra,
  });
}

/** Lets a session use this much and stop at its budget, as a worker would. */
async function spend(sessionId: string, nanoUsd: number, stop: 'budget_reached' | 'end_turn') {
  await api.journal.transact({ sessionId, caller: 'activity' }, (view) => {
    const writer = createJournalWriter(view, newIds);
    writer.running();
    const none = { ...view.head.usage, list_cost_nano_usd: nanoUsd };
    writer.addUsage({ ...none, output_tokens: 10 }, true);
    writer.setOwed(stop === 'budget_reached');
    writer.idle({ type: stop });
    return { writes: writer.finish(null), result: null };
  });
}

describe('the budget of a session', () => {
  it('is shown with what was used, and stands in the log', async () => {
    const { id } = await create(cents('250'));
    expect(await client.beta.sessions.retrieve(id)).toMatchObject({
      budget: cents('250'),
      usage: { list_cost: { amount: '0', currency: 'USD' } },
    });
    await spend(id, 1_230_000_001, 'end_turn');
    const session = await client.beta.sessions.retrieve(id);
    expect(session).toMatchObject({ usage: { list_cost: { amount: '124', currency: 'USD' } } });
    Session.parse(await (await fetch(`${api.url}/v1/sessions/${id}`)).json());
    const listed = (await client.beta.sessions.list({ limit: 100 })).data.find((item) => item.id === id);
    expect(listed?.budget).toEqual(cents('250'));
    const [thread] = (await client.beta.sessions.threads.list(id)).data;
    expect(thread?.usage).toMatchObject({ list_cost: { amount: '124', currency: 'USD' } });
    const { data } = await client.beta.sessions.events.list(id, { types: ['session.usage'] });
    expect(data).toMatchObject([{ usage: { list_cost: { amount: '124' } }, budget: cents('250') }]);
  });

  it('needs a model with list prices', async () => {
    const overridden = { agent: { type: 'agent_with_overrides', id: agent, model: 'unpriced' } };
    await expect(create(cents('1'), overridden)).rejects.toMatchObject(refused('model_not_budgetable'));
    const { id } = await create(cents('1'));
    await expect(
      client.beta.sessions.update(id, { agent: { model: 'unpriced' } as object }),
    ).rejects.toMatchObject(refused('model_not_budgetable'));
  });

  it('once reached refuses messages and takes an interrupt without a trace', async () => {
    const { id } = await create(cents('1'));
    await spend(id, 10_000_000, 'budget_reached');
    const before = await client.beta.sessions.events.list(id);
    await expect(client.beta.sessions.events.send(id, { events: [hello] })).rejects.toMatchObject({
      ...refused('budget_reached'),
      message: expect.stringMatching(/user\.tool_confirmation.*user\.interrupt/) as string,
    });
    const sent = await client.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
    expect(sent.data).toMatchObject([{ type: 'user.interrupt', processed_at: null }]);
    const after = await client.beta.sessions.events.list(id);
    expect(after.data).toEqual(before.data);
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
  });

  it('can be raised above what was used, which wakes the paused session', async () => {
    const { id } = await create(cents('1'));
    await spend(id, 20_000_000, 'budget_reached');
    for (const amount of ['1', '2']) {
      await expect(client.beta.sessions.update(id, { budget: cents(amount) })).rejects.toMatchObject(
        refused('budget_not_raised'),
      );
    }
    const raised = await client.beta.sessions.update(id, { budget: cents('3') });
    expect(raised).toMatchObject({ budget: cents('3'), status: 'running' });
    const told = api.engine.signalled.filter(({ sessionId }) => sessionId === id);
    expect(told.flatMap(({ events }) => events.map(({ type }) => type))).toEqual(['internal.budget']);
    const { data } = await client.beta.sessions.events.list(id);
    expect(data.at(-1)).toMatchObject({ type: 'session.updated', budget: cents('3') });
  });

  it('can be removed for good, and never added later', async () => {
    const { id } = await create(cents('1'));
    await spend(id, 20_000_000, 'budget_reached');
    expect(await client.beta.sessions.update(id, { budget: null })).toMatchObject({ budget: null });
    const { data } = await client.beta.sessions.events.list(id);
    expect(data.at(-1)).toMatchObject({ type: 'session.updated', budget: null });
    await expect(client.beta.sessions.update(id, { budget: cents('9') })).rejects.toMatchObject(
      refused('budget_create_only'),
    );
  });

  it('keeps no session from being archived or deleted', async () => {
    for (const end of ['archive', 'delete'] as const) {
      const { id } = await create(cents('1'));
      await spend(id, 10_000_000, 'budget_reached');
      await client.beta.sessions[end](id);
    }
  });

  it('takes whole cents in US dollars only', async () => {
    for (const amount of ['0', '01', '1.5', '-1', 1]) {
      const body = { agent, environment_id: environment, budget: cents(amount as string) };
      await expect(client.beta.sessions.create(body)).rejects.toMatchObject({ status: 400 });
    }
  });
});

describe('the model of a session', () => {
  const change = async (id: string, model: unknown) =>
    client.beta.sessions.update(id, { agent: { model } as object });

  it('can be changed while the session is idle, which the log tells', async () => {
    const { id } = await create();
    const changed = await change(id, { id: 'claude-haiku-5-5', effort: 'low' });
    expect(changed.agent.model).toEqual({
      id: 'claude-haiku-5-5',
      effort: { type: 'low' },
      speed: 'standard',
    });
    const { data } = await client.beta.sessions.events.list(id);
    expect(data).toMatchObject([
      { type: 'session.updated', agent: { id: agent, model: { id: 'claude-haiku-5-5' } } },
    ]);
    await change(id, { id: 'claude-haiku-5-5', effort: 'low' });
    expect((await client.beta.sessions.events.list(id)).data).toHaveLength(1);
  });

  it('must be there, and able to do what the agent does', async () => {
    const { id } = await create();
    await expect(change(id, 'nobody')).rejects.toMatchObject({ status: 400 });
    await expect(change(id, 'toolless')).rejects.toMatchObject({ status: 400 });
  });

  it('stays while the session runs', async () => {
    const { id } = await create(undefined, { initial_events: [hello] });
    await expect(change(id, 'claude-haiku-5-5')).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('Interrupt it and wait until it is idle') as string,
    });
  });
});
