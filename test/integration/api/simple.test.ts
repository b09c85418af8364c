import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type TestApi } from '../../harness/start-api.ts';

interface Simple {
  id: string;
  agent: string;
  environment_id: string;
  events?: { type: string; content: unknown }[];
}

describe('the simple door', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi({
      keys: [
        { key: 'key-one', workspace: 'one' },
        { key: 'key-two', workspace: 'two' },
      ],
      settings: { SIMPLE_API_AGENT: '{"name": "Butler", "model": "demo"}' },
    });
  });
  afterAll(async () => api.stop());

  const ask = async (path: string, body?: object | FormData, key: string | null = 'key-one') =>
    fetch(`${api.url}/api/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(key === null ? {} : { 'x-api-key': key }),
        ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
  const create = async (key = 'key-one') => (await (await ask('sessions', {}, key)).json()) as Simple;
  const form = (name: string, content: string, fields: Record<string, string> = {}) => {
    const made = new FormData();
    made.set('file', new File([content], name));
    for (const [field, value] of Object.entries(fields)) made.set(field, value);
    return made;
  };

  it('makes sessions with a default agent and environment, one per workspace however many ask at once', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, async () => create()));
    expect(new Set(made.map(({ agent }) => agent)).size).toBe(1);
    expect(new Set(made.map(({ environment_id: id }) => id)).size).toBe(1);
    const agent = await api.client('key-one').beta.agents.retrieve(made[0]?.agent ?? '');
    expect(agent).toMatchObject({ name: 'Butler', version: 1 });
    expect((await create('key-two')).agent).not.toBe(agent.id);
    const response = await ask('sessions', {});
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ status: 'idle', events: [] });
  });

  it('keeps what users make of the default agent, and makes another when it is archived', async () => {
    const client = api.client('key-two');
    const before = await create('key-two');
    await client.beta.agents.update(before.agent, { version: 1, name: 'Mine' });
    expect((await create('key-two')).agent).toBe(before.agent);
    expect((await client.beta.agents.retrieve(before.agent)).name).toBe('Mine');
    await client.beta.agents.archive(before.agent);
    await client.beta.environments.archive(before.environment_id);
    const after = await create('key-two');
    expect(after.agent).not.toBe(before.agent);
    expect(after.environment_id).not.toBe(before.environment_id);
    expect((await create('key-two')).agent).toBe(after.agent);
  });

  it('shows the sessions of the other door, and they show its own', async () => {
    const { id } = await create();
    const client = api.client('key-one');
    await client.beta.sessions.events.send(id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: 'Hello' }] }],
    });
    const shown = (await (await ask(`sessions/${id}`)).json()) as Simple;
    // No worker runs here, so nothing takes effect.
    expect(shown).toMatchObject({ id, status: 'running', events: [] });
    const first = await ask('sessions?limit=1');
    expect(await first.json()).toMatchObject([{ id }]);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = (await (
      await fetch(api.url + next, { headers: { 'x-api-key': 'key-one' } })
    ).json()) as Simple[];
    expect(second).toHaveLength(1);
    expect(second[0]?.id).not.toBe(id);
  });

  it('answers errors in the envelope, and nothing without a key or across workspaces', async () => {
    const { id } = await create();
    for (const [path, body] of [
      ['sessions', undefined],
      ['sessions', {}],
      [`sessions/${id}`, undefined],
      [`sessions/${id}/messages`, { message: 'Hello' }],
      [`sessions/${id}/messages`, undefined],
      [`sessions/${id}/upload`, form('a.txt', 'a')],
      [`files/content?session_id=${id}&path=a`, undefined],
      [`files/download?session_id=${id}&path=a`, undefined],
      ['nowhere', undefined],
    ] as const) {
      const refused = await ask(path, body, null);
      expect(refused.status, path).toBe(401);
      expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
      if (!path.includes(id)) continue;
      const foreign = await ask(path, body instanceof FormData ? form('a.txt', 'a') : body, 'key-two');
      expect(foreign.status, path).toBe(404);
      expect(await foreign.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    }
    for (const body of [
      {},
      { message: ' ' },
      { message: 'x', unknown: 1 },
      { message: 'x', attachments: [{ path: '/etc/passwd' }] },
    ]) {
      const response = await ask(`sessions/${id}/messages`, body);
      expect(response.status, JSON.stringify(body)).toBe(400);
      expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
    expect((await (await ask(`sessions/${id}`)).json()) as Simple).toMatchObject({ events: [] });
  });

  it('takes files, replaces those of the same path, and gives them back by their path only in their session', async () => {
    const { id } = await create();
    const other = await create();
    const answer = await ask(`sessions/${id}/upload`, form('données.csv', 'a,b\n1,2\n'));
    expect(await answer.json()).toEqual({
      path: '/mnt/session/uploads/données.csv',
      filename: 'données.csv',
      size: 8,
      mime_type: 'text/csv',
      is_image: false,
    });
    await ask(`sessions/${id}/upload`, form('données.csv', 'new', { path: '/uploads/données.csv' }));
    const { resources } = await api.client('key-one').beta.sessions.retrieve(id);
    expect(resources).toHaveLength(1);

    const at = (session: string, kind: string) =>
      ask(
        `files/${kind}?session_id=${session}&path=${encodeURIComponent('/mnt/session/uploads/données.csv')}`,
      );
    const shown = await at(id, 'content');
    expect(await shown.text()).toBe('new');
    // A browser that has the file asks again, and gets it when it was replaced.
    const tag = shown.headers.get('etag') ?? '';
    expect(shown.headers.get('cache-control')).toBe('private, no-cache');
    const content = `${api.url}/api/files/content?session_id=${id}&path=${encodeURIComponent('/uploads/données.csv')}`;
    const again = async () =>
      fetch(content, { headers: { 'x-api-key': 'key-one', 'if-none-match': tag }, cache: 'no-store' });
    expect((await again()).status).toBe(304);
    await ask(`sessions/${id}/upload`, form('données.csv', 'newer', { path: '/uploads/données.csv' }));
    expect(await (await again()).text()).toBe('newer');
    expect(shown.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(shown.headers.get('x-content-type-options')).toBe('nosniff');
    expect(shown.headers.get('content-security-policy')).toContain('sandbox');
    const loaded = await at(id, 'download');
    expect(await loaded.text()).toBe('newer');
    expect(loaded.headers.get('content-disposition')).toContain("filename*=UTF-8''donn%C3%A9es.csv");
    expect((await at(other.id, 'content')).status).toBe(404);
    for (const path of ['/etc/passwd', '/mnt/session/uploads/../outputs/x', '/mnt/session/uploads/']) {
      const response = await ask(`files/content?session_id=${id}&path=${encodeURIComponent(path)}`);
      expect(response.status, path).toBe(404);
    }
  });

  it('shows nothing that could run in a browser', async () => {
    const { id } = await create();
    await ask(`sessions/${id}/upload`, form('page.html', '<script>alert(1)</script>'));
    await ask(`sessions/${id}/upload`, form('image.svg', '<svg onload="alert(1)"/>'));
    for (const name of ['page.html', 'image.svg']) {
      const response = await ask(`files/content?session_id=${id}&path=/mnt/session/uploads/${name}`);
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(response.headers.get('content-disposition')).toBe(null);
      const loaded = await ask(`files/download?session_id=${id}&path=/mnt/session/uploads/${name}`);
      expect(loaded.headers.get('content-disposition')).toBe(`attachment; filename=${name}`);
      for (const { headers } of [response, loaded]) {
        expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      }
    }
  });
});
