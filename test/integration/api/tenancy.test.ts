import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../../api/route.ts';
import { journalToolUse } from '../../harness/journal-tool-use.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

const OURS = 'sk-ours';
const THEIRS = 'sk-theirs';
let api: TestApi;
/** Ids of the other workspace, by the name of the path parameter. */
const theirs: Record<string, string> = { model_id: 'no-such-model' };
const bodies: Record<string, () => object> = {
  updateAgent: () => ({ name: 'stolen' }),
  updateEnvironment: () => ({ name: 'stolen' }),
  updateSession: () => ({ title: 'stolen' }),
  sendEvents: () => ({ events: [{ type: 'user.message', content: [{ type: 'text', text: 'stolen' }] }] }),
  addSessionResource: () => ({ type: 'file', file_id: theirs['file_id'] }),
  updateSessionResource: () => ({ authorization_token: 'stolen' }),
  simpleSendMessage: () => ({ message: 'stolen' }),
};

beforeAll(async () => {
  api = await startApi({
    keys: [
      { key: OURS, workspace: 'ours' },
      { key: THEIRS, workspace: 'theirs' },
    ],
  });
  const client = api.client(THEIRS);
  theirs['agent_id'] = (await client.beta.agents.create({ model: 'demo', name: 'Theirs' })).id;
  theirs['environment_id'] = (await client.beta.environments.create({ name: 'Theirs' })).id;
  theirs['file_id'] = (await client.beta.files.upload({ file: new File(['secret'], 's.txt') })).id;
  const session = await client.beta.sessions.create({
    agent: theirs['agent_id'],
    environment_id: theirs['environment_id'],
    resources: [{ type: 'file', file_id: theirs['file_id'] }],
  });
  theirs['session_id'] = session.id;
  theirs['resource_id'] = session.resources[0] && 'id' in session.resources[0] ? session.resources[0].id : '';
  const threads = await client.beta.sessions.threads.list(session.id);
  theirs['thread_id'] = threads.data[0]?.id ?? '';
});
afterAll(async () => api.stop());

const ask = async (route: Pick<Route, 'method' | 'path' | 'operationId'>, key: string | null) => {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => theirs[name] ?? 'other_1');
  const body = bodies[route.operationId]?.();
  return fetch(`${api.url}${path}`, {
    method: route.method,
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
};
const isBuilt = (route: Route) => route.tag !== 'Not offered';

describe('workspaces', () => {
  it('hide what they hold from every route that names it', async () => {
    const tried = api.routes.filter(
      (route) => isBuilt(route) && route.access === 'key' && route.path.includes('{'),
    );
    expect(tried.length).toBeGreaterThan(25);
    for (const route of tried) {
      const response = await ask(route, OURS);
      const body = (await response.json()) as { error: { type: string } };
      expect([route.operationId, response.status, body.error.type]).toEqual([
        route.operationId,
        404,
        'not_found_error',
      ]);
    }
    const own = await api.client(THEIRS).beta.sessions.retrieve(theirs['session_id'] ?? '');
    expect(own.title).toBeNull();
  });

  it('hide it in lists, filters and cursors', async () => {
    const client = api.client(OURS);
    for (const list of [
      client.beta.agents.list({ include_archived: true }),
      client.beta.environments.list(),
      client.beta.sessions.list({ include_archived: true }),
      client.beta.sessions.list({ agent_id: theirs['agent_id'] ?? '' }),
      client.beta.files.list(),
      client.beta.files.list({ ids: [theirs['file_id'] ?? ''] }),
      client.beta.files.list({ scope_id: theirs['session_id'] ?? '' }),
    ]) {
      expect((await list).data).toEqual([]);
    }
    const other = api.client(THEIRS);
    await other.beta.agents.create({ model: 'demo', name: 'Second' });
    const { next_page: page } = await other.beta.agents.list({ limit: 1 });
    expect((await client.beta.agents.list({ page })).data).toEqual([]);
  });

  it('hide it in bodies', async () => {
    const client = api.client(OURS);
    const agent = (await client.beta.agents.create({ model: 'demo', name: 'Ours' })).id;
    const environment = (await client.beta.environments.create({ name: 'Ours' })).id;
    const session = (await client.beta.sessions.create({ agent, environment_id: environment })).id;
    const missing = { status: 404, type: 'not_found_error' };
    const file = { type: 'file' as const, file_id: theirs['file_id'] ?? '' };
    const message = { type: 'user.message' as const, content: [{ type: 'document' as const, source: file }] };
    const base = { agent, environment_id: environment };
    await expect(
      client.beta.sessions.create({ ...base, agent: theirs['agent_id'] ?? '' }),
    ).rejects.toMatchObject(missing);
    await expect(
      client.beta.sessions.create({ ...base, environment_id: theirs['environment_id'] ?? '' }),
    ).rejects.toMatchObject(missing);
    await expect(client.beta.sessions.create({ ...base, resources: [file] })).rejects.toMatchObject(missing);
    await expect(client.beta.sessions.create({ ...base, initial_events: [message] })).rejects.toMatchObject(
      missing,
    );
    await expect(client.beta.sessions.events.send(session, { events: [message] })).rejects.toMatchObject(
      missing,
    );
    await expect(client.beta.sessions.resources.add(session, file)).rejects.toMatchObject(missing);
    const use = await journalToolUse(api.journal, theirs['session_id'] ?? '', 'ask');
    await expect(
      client.beta.sessions.events.send(session, {
        events: [{ type: 'user.tool_confirmation', tool_use_id: use, result: 'allow' }],
      }),
    ).rejects.toMatchObject({ status: 400 });
  });

  it('are closed to everybody without a key, on every route, in the same words', async () => {
    const words = new Set<string>();
    for (const route of api.routes.filter(({ access }) => access === 'key')) {
      const response = await ask(route, null);
      const { error } = (await response.json()) as { error: { type: string; message: string } };
      expect([route.operationId, response.status, error.type]).toEqual([
        route.operationId,
        401,
        'authentication_error',
      ]);
      words.add(error.message);
    }
    const unknown = await fetch(`${api.url}/v1/unknown`, { headers: { 'x-api-key': 'wrong' } });
    expect(unknown.status).toBe(401);
    expect(words.size).toBe(1);
  });

  it('answer 501 on what is not offered, once the key is right, and tell clients not to repeat it', async () => {
    const unbuilt = api.routes.filter((route) => !isBuilt(route));
    expect(unbuilt.length).toBeGreaterThan(30);
    for (const route of unbuilt) {
      const response = await ask(route, OURS);
      expect([route.path, response.status]).toEqual([route.path, 501]);
      expect(response.headers.get('x-should-retry')).toBe('false');
      expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'api_error' } });
    }
  });
});
