import { setTimeout as sleep } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../../core/schema/session.ts';
import { Thread } from '../../../core/schema/thread.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

let api: TestApi;
let client: Anthropic;
let agent: string;
let environment: string;
beforeAll(async () => {
  api = await startApi();
  client = api.client();
  agent = (
    await client.beta.agents.create({
      model: 'claude-opus-5-5',
      name: 'Coder',
      system: 'Be brief.',
      tools: [{ type: 'agent_toolset_20260401' }],
    })
  ).id;
  environment = (await client.beta.environments.create({ name: 'Linux' })).id;
});
afterAll(async () => api.stop());

const hello = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'Hello' }] };
const refused = { status: 400, type: 'invalid_request_error' };

describe('sessions', () => {
  it('are created idle, with the newest version of their agent', async () => {
    const session = await client.beta.sessions.create({
      agent,
      environment_id: environment,
      title: 'T',
      metadata: { a: 'b' },
    });
    expect(session).toMatchObject({
      status: 'idle',
      title: 'T',
      metadata: { a: 'b' },
      environment_id: environment,
      agent: { id: agent, version: 1, system: 'Be brief.', multiagent: null },
      resources: [],
      vault_ids: [],
      outcome_evaluations: [],
      budget: null,
      archived_at: null,
    });
    Session.parse(await (await fetch(`${api.url}/v1/sessions/${session.id}`)).json());
    expect(api.engine.started).toContain(session.id);
    const again = await client.beta.sessions.retrieve(session.id);
    expect({ ...again, stats: {} }).toEqual({ ...session, stats: {} });
  });

  it('run at once with first events, which are signalled and listed', async () => {
    const session = await client.beta.sessions.create({
      agent,
      environment_id: environment,
      initial_events: [hello, hello],
    });
    expect(session.status).toBe('running');
    const { data } = await client.beta.sessions.events.list(session.id);
    expect(data.map((event) => [event.type, event.processed_at])).toEqual([
      ['user.message', null],
      ['user.message', null],
    ]);
    const signal = api.engine.signalled.find(({ sessionId }) => sessionId === session.id);
    expect(signal?.events.map(({ arrival, content }) => [arrival, 'inline' in content])).toEqual([
      [1, true],
      [2, true],
    ]);
  });

  it('take overrides, which leave the agent as it is', async () => {
    const session = await client.beta.sessions.create({
      agent: {
        type: 'agent_with_overrides',
        id: agent,
        model: { id: 'claude-sonnet-5-5', effort: 'low' },
        system: null,
        tools: [],
      },
      environment_id: environment,
    });
    expect(session.agent).toMatchObject({
      id: agent,
      version: 1,
      system: null,
      tools: [],
      model: { id: 'claude-sonnet-5-5', effort: { type: 'high' } },
    });
    expect((await client.beta.agents.retrieve(agent)).tools).toHaveLength(1);
  });

  it('are pinned to the version they name', async () => {
    const other = await client.beta.agents.create({ model: 'claude-opus-5-5', name: 'A' });
    await client.beta.agents.update(other.id, { name: 'B' });
    const create = async (version: number) =>
      client.beta.sessions.create({
        agent: { type: 'agent', id: other.id, version },
        environment_id: environment,
      });
    expect((await create(1)).agent.name).toBe('A');
    expect((await create(2)).agent.name).toBe('B');
    await expect(create(3)).rejects.toMatchObject({ status: 404 });
  });

  it('are refused on archived agents and environments, and on ones that are not there', async () => {
    const old = await client.beta.agents.create({ model: 'claude-opus-5-5', name: 'Old' });
    await client.beta.agents.archive(old.id);
    const env = await client.beta.environments.create({ name: 'Old' });
    await client.beta.environments.archive(env.id);
    const create = async (body: object) =>
      client.beta.sessions.create({ agent, environment_id: environment, ...body });
    await expect(create({ agent: old.id })).rejects.toMatchObject(refused);
    await expect(create({ environment_id: env.id })).rejects.toMatchObject({
      ...refused,
      errorCode: 'environment_archived',
    });
    for (const body of [
      { agent: 'agent_none' },
      { environment_id: 'env_none' },
      { vault_ids: ['vlt_none'] },
      { resources: [{ type: 'file', file_id: 'file_none' }] },
      {
        initial_events: [
          {
            type: 'user.message',
            content: [{ type: 'image', source: { type: 'file', file_id: 'file_none' } }],
          },
        ],
      },
    ]) {
      await expect(create(body)).rejects.toMatchObject({ status: 404, type: 'not_found_error' });
    }
    await expect(
      create({ agent: { type: 'agent_with_overrides', id: agent, model: null } }),
    ).rejects.toMatchObject({
      ...refused,
      errorCode: 'agent_model_required',
    });
    for (const body of [
      { resources: [{ type: 'memory_store', memory_store_id: 'memstore_x' }] },
      {
        initial_events: [
          { type: 'user.define_outcome', description: 'x', rubric: { type: 'text', content: 'y' } },
        ],
      },
    ]) {
      await expect(create(body)).rejects.toMatchObject({ status: 501 });
    }
    const { data } = await client.beta.sessions.list({ limit: 100, agent_id: old.id });
    expect(data).toEqual([]);
  });

  it('change their title and metadata, and tell so in the log', async () => {
    const { id } = await client.beta.sessions.create({
      agent,
      environment_id: environment,
      metadata: { a: '1' },
    });
    expect(
      await client.beta.sessions.update(id, { title: 'New', metadata: { a: null, b: '2' } }),
    ).toMatchObject({
      title: 'New',
      metadata: { b: '2' },
    });
    await client.beta.sessions.update(id, { title: 'New', metadata: { b: '2' } });
    await client.beta.sessions.update(id, { metadata: { b: null }, title: null });
    await client.beta.sessions.update(id, { agent: { tools: [] } });
    const { data } = await client.beta.sessions.events.list(id);
    expect(data.map(({ type }) => type)).toEqual(['session.updated', 'session.updated', 'session.updated']);
    expect(data[0]).toMatchObject({ title: 'New', metadata: { b: '2' } });
    expect(Object.keys(data[1] ?? {}).sort()).toEqual(['id', 'processed_at', 'title', 'type']);
    expect(data[2]).toMatchObject({ agent: { tools: [] } });
    await expect(
      client.beta.sessions.update(id, {
        budget: { type: 'limit', max_list_cost: { amount: '1', currency: 'USD' } },
      }),
    ).rejects.toMatchObject({ ...refused, errorCode: 'budget_create_only' });
    await expect(client.beta.sessions.update(id, { vault_ids: ['vlt_x'] })).rejects.toMatchObject(refused);
  });

  it('keep every change when changes race', async () => {
    const { id } = await client.beta.sessions.create({ agent, environment_id: environment });
    const keys = Array.from({ length: 10 }, (_, index) => `key${index}`);
    await Promise.all(keys.map(async (key) => client.beta.sessions.update(id, { metadata: { [key]: 'v' } })));
    expect(Object.keys((await client.beta.sessions.retrieve(id)).metadata).sort()).toEqual(keys);
  });

  it('refuse to be archived, deleted or given tools while something is queued', async () => {
    const { id } = await client.beta.sessions.create({
      agent,
      environment_id: environment,
      initial_events: [hello],
    });
    await expect(client.beta.sessions.archive(id)).rejects.toMatchObject(refused);
    await expect(client.beta.sessions.delete(id)).rejects.toMatchObject(refused);
    await expect(client.beta.sessions.update(id, { agent: { tools: [] } })).rejects.toMatchObject(refused);
    expect((await client.beta.sessions.update(id, { title: 'Fine' })).title).toBe('Fine');
  });

  it('are archived: they can be read, and nothing else', async () => {
    const { id } = await client.beta.sessions.create({ agent, environment_id: environment });
    const archived = await client.beta.sessions.archive(id);
    expect(archived).toMatchObject({ status: 'terminated' });
    expect(archived.archived_at).not.toBeNull();
    expect((await client.beta.sessions.archive(id)).archived_at).toBe(archived.archived_at);
    await expect(client.beta.sessions.events.send(id, { events: [hello] })).rejects.toMatchObject(refused);
    await expect(client.beta.sessions.update(id, { title: 'x' })).rejects.toMatchObject(refused);
    const { data } = await client.beta.sessions.events.list(id);
    expect(data.map(({ type }) => type)).toEqual([
      'session.thread_status_terminated',
      'session.status_terminated',
    ]);
    expect(api.engine.signalled.some(({ sessionId }) => sessionId === id)).toBe(true);
    expect(await client.beta.sessions.delete(id)).toEqual({ id, type: 'session_deleted' });
  });

  it('are gone when they are deleted, with their files', async () => {
    const file = await client.beta.files.upload({ file: new File(['x'], 'x.txt') });
    const { id, resources } = await client.beta.sessions.create({
      agent,
      environment_id: environment,
      resources: [{ type: 'file', file_id: file.id }],
    });
    const copy = resources[0]?.type === 'file' ? resources[0].file_id : '';
    expect(copy).not.toBe(file.id);
    expect((await client.beta.files.retrieveMetadata(copy)).scope).toEqual({ type: 'session', id });
    await client.beta.sessions.delete(id);
    expect(api.engine.removed).toContain(id);
    expect(api.published).toContainEqual({ type: 'deleted', sessionId: id });
    const gone = { status: 404, type: 'not_found_error' };
    await expect(client.beta.sessions.retrieve(id)).rejects.toMatchObject(gone);
    await expect(client.beta.sessions.delete(id)).rejects.toMatchObject(gone);
    await expect(client.beta.sessions.events.send(id, { events: [hello] })).rejects.toMatchObject(gone);
    await expect(client.beta.sessions.events.list(id)).rejects.toMatchObject(gone);
    await expect(client.beta.files.retrieveMetadata(copy)).rejects.toMatchObject(gone);
    expect((await client.beta.files.retrieveMetadata(file.id)).id).toBe(file.id);
  });

  it('hold environments in place', async () => {
    const env = await client.beta.environments.create({ name: 'Used' });
    const { id } = await client.beta.sessions.create({ agent, environment_id: env.id });
    await expect(client.beta.environments.delete(env.id)).rejects.toMatchObject({
      status: 409,
      type: 'conflict_error',
    });
    await client.beta.sessions.delete(id);
    expect(await client.beta.environments.delete(env.id)).toEqual({
      id: env.id,
      type: 'environment_deleted',
    });
    await expect(client.beta.environments.retrieve(env.id)).rejects.toMatchObject({ status: 404 });
  });
});

describe('lists of sessions', () => {
  let own: string;
  const made: string[] = [];
  beforeAll(async () => {
    own = (await client.beta.agents.create({ model: 'claude-opus-5-5', name: 'Listed' })).id;
    for (let index = 0; index < 7; index += 1) {
      const events = index === 3 ? { initial_events: [hello] } : {};
      made.push(
        (await client.beta.sessions.create({ agent: own, environment_id: environment, ...events })).id,
      );
      await sleep(2);
    }
    await client.beta.sessions.archive(made[5] ?? '');
  });

  const ids = async (params: Parameters<typeof client.beta.sessions.list>[0]) => {
    const found: string[] = [];
    for await (const { id } of client.beta.sessions.list({ agent_id: own, ...params })) found.push(id);
    return found.map((id) => made.indexOf(id));
  };

  it('go both ways in both orders', async () => {
    expect(await ids({ limit: 2 })).toEqual([6, 4, 3, 2, 1, 0]);
    expect(await ids({ limit: 3, order: 'asc', include_archived: true })).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const order of ['asc', 'desc'] as const) {
      const query = { agent_id: own, limit: 2, order };
      const first = await client.beta.sessions.list(query);
      const second = await client.beta.sessions.list({ ...query, page: first.next_page });
      const third = await client.beta.sessions.list({ ...query, page: second.next_page });
      expect([first.prev_page, third.next_page]).toEqual([null, null]);
      const back = await client.beta.sessions.list({ ...query, page: third.prev_page });
      expect(back.data.map(({ id }) => id)).toEqual(second.data.map(({ id }) => id));
      const start = await client.beta.sessions.list({ ...query, page: back.prev_page });
      expect(start.data.map(({ id }) => id)).toEqual(first.data.map(({ id }) => id));
      expect(start.prev_page).toBeNull();
      expect(start.next_page).not.toBeNull();
    }
  });

  it('are filtered by status, agent, version and time', async () => {
    expect(await ids({ statuses: ['running'] })).toEqual([3]);
    expect(await ids({ statuses: ['terminated'], include_archived: true })).toEqual([5]);
    expect(await ids({ statuses: ['idle', 'running'] })).toEqual([6, 4, 3, 2, 1, 0]);
    expect(await ids({ agent_version: 1 })).toHaveLength(6);
    expect(await ids({ agent_version: 2 })).toEqual([]);
    expect(await ids({ deployment_id: 'depl_x' })).toEqual([]);
    const { created_at: at } = await client.beta.sessions.retrieve(made[2] ?? '');
    expect(await ids({ 'created_at[gt]': at })).toEqual([6, 4, 3]);
    expect(
      await ids({ 'created_at[gte]': at, 'created_at[lt]': new Date(Date.parse(at) + 1).toISOString() }),
    ).toEqual([2]);
    expect(await ids({ 'created_at[lte]': at })).toEqual([2, 1, 0]);
  });

  it('refuse a cursor with another order, and a version without its agent', async () => {
    const { next_page: page } = await client.beta.sessions.list({ agent_id: own, limit: 2 });
    await expect(client.beta.sessions.list({ agent_id: own, page, order: 'asc' })).rejects.toMatchObject(
      refused,
    );
    await expect(client.beta.sessions.list({ agent_version: 1 })).rejects.toMatchObject(refused);
    const unknown = await fetch(`${api.url}/v1/sessions?statuses[]=asleep`);
    expect(unknown.status).toBe(400);
  });
});

describe('threads', () => {
  it('are the primary one, which is archived with its session only', async () => {
    const { id } = await client.beta.sessions.create({ agent, environment_id: environment });
    const { data } = await client.beta.sessions.threads.list(id);
    expect(data).toHaveLength(1);
    const [thread] = data;
    expect(thread).toMatchObject({
      session_id: id,
      parent_thread_id: null,
      status: 'idle',
      stats: null,
      usage: null,
    });
    const path = { session_id: id };
    expect(await client.beta.sessions.threads.retrieve(thread?.id ?? '', path)).toEqual(thread);
    Thread.parse(await (await fetch(`${api.url}/v1/sessions/${id}/threads/${thread?.id}`)).json());
    expect((await client.beta.sessions.threads.list(id, { statuses: ['running'] })).data).toEqual([]);
    await expect(client.beta.sessions.threads.archive(thread?.id ?? '', path)).rejects.toMatchObject(refused);
    await expect(client.beta.sessions.threads.retrieve('sthr_other', path)).rejects.toMatchObject({
      status: 404,
    });
  });
});
