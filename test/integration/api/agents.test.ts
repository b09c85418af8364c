import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type Anthropic from '@anthropic-ai/sdk';
import { Agent } from '../../../core/schema/agent.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

let api: TestApi;
let client: Anthropic;
beforeAll(async () => {
  api = await startApi();
  client = api.client();
});
afterAll(async () => api.stop());

const model = 'claude-opus-5-5';

describe('agents', () => {
  it('are created with a warning about enabled tools that the service does not have', async () => {
    const create = async (tools: Anthropic.Beta.AgentCreateParams['tools']) => {
      const made = await client.beta.agents
        .create({ model, name: 'Searcher', ...(tools === undefined ? {} : { tools }) })
        .withResponse();
      return made.response.headers.get('warning');
    };
    expect(await create([{ type: 'agent_toolset_20260401' }])).toBe(
      '299 managed-agent "The model is not offered web_search: no search engine is configured (web_search.provider is none)."',
    );
    const off = { name: 'web_search', enabled: false } as const;
    expect(await create([{ type: 'agent_toolset_20260401', configs: [off] }])).toBeNull();
    expect(await create(undefined)).toBeNull();
  });

  it('are created with every field resolved', async () => {
    const agent = await client.beta.agents.create({
      model: { id: model, effort: 'low' },
      name: 'Coder',
      description: '',
      system: 'Be brief.',
      tools: [
        {
          type: 'agent_toolset_20260401',
          configs: [{ name: 'bash', permission_policy: { type: 'always_ask' } }],
        },
        {
          type: 'custom',
          name: 'lookup',
          description: 'Looks up.',
          input_schema: { type: 'object', properties: { q: { type: 'string' } } },
        },
      ],
      metadata: { team: 'a' },
    });
    expect(agent).toMatchObject({
      type: 'agent',
      version: 1,
      name: 'Coder',
      description: null,
      system: 'Be brief.',
      model: { id: model, effort: { type: 'low' }, speed: 'standard' },
      mcp_servers: [],
      skills: [],
      multiagent: null,
      execution_identity: { type: 'service_account' },
      metadata: { team: 'a' },
      archived_at: null,
    });
    expect(agent.tools[0]).toEqual({
      type: 'agent_toolset_20260401',
      default_config: { enabled: true, permission_policy: { type: 'always_allow' } },
      configs: [{ name: 'bash', type: 'bash', enabled: true, permission_policy: { type: 'always_ask' } }],
    });
    expect(agent.created_at).toBe(agent.updated_at);
    Agent.parse(await (await fetch(`${api.url}/v1/agents/${agent.id}`)).json());
    expect(await client.beta.agents.retrieve(agent.id)).toEqual(agent);
  });

  it('get a version for each change, and none for no change', async () => {
    const first = await client.beta.agents.create({ model, name: 'One', metadata: { a: '1', b: '2' } });
    expect((await client.beta.agents.update(first.id, { name: 'One', metadata: { a: '1' } })).version).toBe(
      1,
    );
    const second = await client.beta.agents.update(first.id, {
      system: 'New',
      metadata: { a: null, c: '3' },
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    expect(second).toMatchObject({
      version: 2,
      system: 'New',
      metadata: { b: '2', c: '3' },
      created_at: first.created_at,
    });
    const third = await client.beta.agents.update(first.id, { system: '', tools: null });
    expect(third).toMatchObject({ version: 3, system: null, tools: [] });
    expect((await client.beta.agents.retrieve(first.id, { version: 2 })).system).toBe('New');
    await expect(client.beta.agents.retrieve(first.id, { version: 9 })).rejects.toMatchObject({
      status: 404,
    });
    const versions: number[] = [];
    for await (const { version } of client.beta.agents.versions.list(first.id, { limit: 2 }))
      versions.push(version);
    expect(versions).toEqual([3, 2, 1]);
  });

  it('are guarded by their version, also against a change that changes nothing', async () => {
    const { id } = await client.beta.agents.create({ model, name: 'Locked' });
    await client.beta.agents.update(id, { name: 'Changed', version: 1 });
    await expect(client.beta.agents.update(id, { name: 'Changed', version: 1 })).rejects.toMatchObject({
      status: 409,
      type: 'conflict_error',
    });
    const answers = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map(async (name) => client.beta.agents.update(id, { name, version: 2 })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('keep their effort while the model stays, and take the default of another model', async () => {
    const { id } = await client.beta.agents.create({ model: { id: model, effort: 'max' }, name: 'Effort' });
    expect((await client.beta.agents.update(id, { model: { id: model, speed: 'fast' } })).model).toEqual({
      id: model,
      effort: { type: 'max' },
      speed: 'fast',
    });
    expect((await client.beta.agents.update(id, { model: 'claude-sonnet-5-5' })).model.effort).toEqual({
      type: 'high',
    });
  });

  it('are archived for good', async () => {
    const { id } = await client.beta.agents.create({ model, name: 'Old' });
    const archived = await client.beta.agents.archive(id);
    expect(archived.archived_at).not.toBeNull();
    expect((await client.beta.agents.archive(id)).archived_at).toBe(archived.archived_at);
    await expect(client.beta.agents.update(id, { name: 'New' })).rejects.toMatchObject({ status: 400 });
  });

  it.each([
    ['name', { model, name: '' }],
    ['name', { model, name: 'x'.repeat(257) }],
    ['description', { model, name: 'x', description: 'x'.repeat(2_049) }],
    ['system', { model, name: 'x', system: 'x'.repeat(100_001) }],
    ['model', { model: 'no-such-model', name: 'x' }],
    ['model.effort', { model: { id: 'claude-sonnet-4-5', effort: 'high' }, name: 'x' }],
    ['model.speed', { model: { id: 'claude-sonnet-5-5', speed: 'fast' }, name: 'x' }],
    [
      'metadata',
      {
        model,
        name: 'x',
        metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])),
      },
    ],
    ['metadata.k', { model, name: 'x', metadata: { k: 'x'.repeat(513) } }],
    [
      'tools.0.name',
      {
        model,
        name: 'x',
        tools: [{ type: 'custom', name: 'bash', description: 'x', input_schema: { type: 'object' } }],
      },
    ],
    [
      'tools.0.name',
      {
        model,
        name: 'x',
        tools: [{ type: 'custom', name: 'mcp__x', description: 'x', input_schema: { type: 'object' } }],
      },
    ],
    [
      'tools.0.description',
      {
        model,
        name: 'x',
        tools: [{ type: 'custom', name: 'a', description: '', input_schema: { type: 'object' } }],
      },
    ],
    [
      'tools.0.input_schema.type',
      {
        model,
        name: 'x',
        tools: [{ type: 'custom', name: 'a', description: 'x', input_schema: { type: 'array' } }],
      },
    ],
    [
      'tools.0.input_schema',
      {
        model,
        name: 'x',
        tools: [
          {
            type: 'custom',
            name: 'a',
            description: 'x',
            input_schema: { type: 'object', properties: { a: { $ref: '#/x' } } },
          },
        ],
      },
    ],
    [
      'tools.0.input_schema.anyOf',
      {
        model,
        name: 'x',
        tools: [{ type: 'custom', name: 'a', description: 'x', input_schema: { type: 'object', anyOf: [] } }],
      },
    ],
    [
      'tools.1',
      { model, name: 'x', tools: [{ type: 'agent_toolset_20260401' }, { type: 'agent_toolset_20260401' }] },
    ],
    ['tools.0.mcp_server_name', { model, name: 'x', tools: [{ type: 'mcp_toolset', mcp_server_name: 'a' }] }],
    [
      'mcp_servers.0.name',
      { model, name: 'x', mcp_servers: [{ type: 'url', name: 'a', url: 'https://a.example' }] },
    ],
    [
      'mcp_servers.0.url',
      { model, name: 'x', mcp_servers: [{ type: 'url', name: 'a', url: 'ftp://a.example' }] },
    ],
    [
      'tools.0.configs.0.allowed_domains.1',
      {
        model,
        name: 'x',
        tools: [
          {
            type: 'agent_toolset_20260401',
            configs: [{ name: 'web_fetch', allowed_domains: ['a.example', 'http://b.example'] }],
          },
        ],
      },
    ],
    [
      'tools.0.configs.0.name',
      { model, name: 'x', tools: [{ type: 'agent_toolset_20260401', configs: [{ name: 'rm' }] }] },
    ],
    ['execution_identity', { model, name: 'x', execution_identity: { type: 'aws_role', role_arn: 'arn' } }],
    ['version', { model, name: 'x', version: 3 }],
    ['id', { model, name: 'x', id: 'agent_mine', created_at: '2020-01-01T00:00:00Z' }],
  ])('are refused for a wrong %s, by name', async (field, body) => {
    const response = await fetch(`${api.url}/v1/agents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { error } = (await response.json()) as { error: { type: string; message: string } };
    expect([response.status, error.type]).toEqual([400, 'invalid_request_error']);
    expect(error.message).toContain(field);
  });

  it('are listed newest first, page by page, with and without archived ones', async () => {
    const made: string[] = [];
    for (const name of ['p', 'q', 'r', 's', 't']) {
      made.push((await client.beta.agents.create({ model, name })).id);
      // Agents of one millisecond would be ordered by their ids.
      await sleep(2);
    }
    await client.beta.agents.archive(made[1] ?? '');
    const listed = async (params: Parameters<typeof client.beta.agents.list>[0]) => {
      const ids: string[] = [];
      for await (const { id } of client.beta.agents.list(params)) ids.push(id);
      return ids.filter((id) => made.includes(id));
    };
    expect(await listed({ limit: 2, include_archived: true })).toEqual([...made].reverse());
    expect(await listed({ limit: 2 })).toEqual([...made].reverse().filter((id) => id !== made[1]));
    const middle = await client.beta.agents.retrieve(made[2] ?? '');
    expect(await listed({ 'created_at[gte]': middle.created_at })).toEqual([made[4], made[3], made[2]]);
    expect(await listed({ 'created_at[lte]': middle.created_at })).toEqual([made[2], made[0]]);
  });

  it('refuse cursors of other lists, damaged ones, and ones outside the filters', async () => {
    await client.beta.agents.create({ model, name: 'u' });
    await client.beta.agents.create({ model, name: 'v' });
    const { next_page: cursor } = await client.beta.agents.list({ limit: 1 });
    const refused = { status: 400, type: 'invalid_request_error' };
    await expect(client.beta.environments.list({ page: cursor })).rejects.toMatchObject(refused);
    await expect(client.beta.agents.list({ page: 'AAAA' })).rejects.toMatchObject(refused);
    await expect(client.beta.agents.list({ page: `${cursor}x`.slice(4) })).rejects.toMatchObject(refused);
    await expect(
      client.beta.agents.list({ page: cursor, 'created_at[lte]': '2020-01-01T00:00:00Z' }),
    ).rejects.toMatchObject(refused);
    await expect(client.beta.agents.list({ limit: 101 })).rejects.toMatchObject(refused);
    await expect(client.beta.agents.list({ limit: 0 })).rejects.toMatchObject(refused);
  });
});
