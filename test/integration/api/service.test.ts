import { connect } from 'node:net';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SystemReport } from '../../../providers/health/system-status.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

let api: TestApi;
let client: Anthropic;
beforeAll(async () => {
  api = await startApi();
  client = api.client();
});
afterAll(async () => api.stop());

describe('models', () => {
  it('are listed in pages that go both ways, as both clients of the SDK ask', async () => {
    const all: string[] = [];
    for await (const { id } of client.models.list({ limit: 3 })) all.push(id);
    expect(all).toContain('demo');
    expect(all).toContain('claude-opus-5-5');
    expect(new Set(all).size).toBe(all.length);
    const first = await client.beta.models.list({ limit: 3 });
    expect([first.first_id, first.last_id, first.has_more]).toEqual([all[0], all[2], true]);
    const back = await client.beta.models.list({ limit: 2, before_id: all[4] ?? '' });
    expect(back.data.map(({ id }) => id)).toEqual(all.slice(2, 4));
    const last = await client.beta.models.list({ limit: 5, after_id: all.at(-2) ?? '' });
    expect([last.data.length, last.has_more]).toEqual([1, false]);
    await expect(client.beta.models.list({ after_id: 'nope' })).rejects.toMatchObject({ status: 400 });
  });

  it('are found by their id', async () => {
    expect(await client.models.retrieve('demo')).toMatchObject({ id: 'demo', type: 'model' });
    await expect(client.models.retrieve('nope')).rejects.toMatchObject({ status: 404 });
    await expect(client.models.retrieve('vendor/model:tag')).rejects.toMatchObject({ status: 404 });
  });
});

describe('every answer', () => {
  it('has the id of its request and of its workspace, which the client shows', async () => {
    const agent = await client.beta.agents.create({ model: 'demo', name: 'A' });
    expect(agent._request_id).toMatch(/^req_/);
    const error: unknown = await client.beta.agents
      .retrieve('agent_none')
      .catch((failure: unknown) => failure);
    expect(error).toMatchObject({ requestID: expect.stringMatching(/^req_/), type: 'not_found_error' });
  });

  it('is kept safe for browsers, and says nothing about what made it', async () => {
    const { headers } = await fetch(`${api.url}/healthz`);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

describe('what is no HTTP', () => {
  const raw = async (text: string): Promise<string> => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.write(text, 'latin1');
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  };

  it.each([
    ['nonsense', 'hello\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/agents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      400,
    ],
    [
      'a length beside chunks',
      'POST /v1/agents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
      400,
    ],
    [
      'headers without end',
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
      431,
    ],
  ])('is refused in the envelope, and the connection closed: %s', async (_name, text, status) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const [, body] = answer.split('\r\n\r\n');
    expect(JSON.parse(body ?? '')).toMatchObject({
      type: 'error',
      request_id: expect.stringMatching(/^req_/),
    });
  });
});

describe('the document and the probes', () => {
  it('are public', async () => {
    const guarded = await startApi({ keys: [{ key: 'k', workspace: 'w' }] });
    try {
      for (const path of ['/livez', '/healthz', '/readyz', '/openapi.json']) {
        expect((await fetch(`${guarded.url}${path}`)).status).toBe(200);
      }
      // No worker runs in this test.
      const status = await fetch(`${guarded.url}/status`);
      expect([status.status, await status.json()]).toMatchObject([
        503,
        { status: 'down', parts: { database: { state: 'ok' }, brains: { state: 'down' } } },
      ]);
    } finally {
      await guarded.stop();
    }
  });
});

describe('the status of the service', () => {
  it('has its details for operators, and for everybody on this machine where there are no keys', async () => {
    const detail = { parts: { hands: { state: 'down', detail: expect.any(String) } } };
    expect(await (await fetch(`${api.url}/status`)).json()).toMatchObject(detail);
    const guarded = await startApi({
      keys: [
        { key: 'k', workspace: 'w' },
        { key: 'l', workspace: 'x' },
      ],
      settings: {
        AUTH_KEYS: JSON.stringify([
          { id: 'key of w', workspace: 'w', sha256: 'a'.repeat(64), operator: true },
          { id: 'key of x', workspace: 'x', sha256: 'b'.repeat(64) },
        ]),
      },
    });
    try {
      const parts = async (headers: Record<string, string>) =>
        ((await (await fetch(`${guarded.url}/status`, { headers })).json()) as SystemReport).parts['hands'];
      expect(await parts({})).toEqual({ state: 'down' });
      expect(await parts({ 'x-api-key': 'l' })).toEqual({ state: 'down' });
      expect(await parts({ 'x-api-key': 'k' })).toMatchObject({ detail: expect.any(String) });
      expect((await fetch(`${guarded.url}/status`, { headers: { 'x-api-key': 'z' } })).status).toBe(401);
    } finally {
      await guarded.stop();
    }
  });
});

describe('a workspace with a limit of running sessions', () => {
  it('starts no more than that, and may go on talking to those that run', async () => {
    const limited = await startApi({ settings: { RATE_LIMITS_RUNNING_SESSIONS_PER_WORKSPACE: '1' } });
    try {
      const { beta } = limited.client();
      const agent = (await beta.agents.create({ model: 'demo', name: 'A' })).id;
      const environment = (await beta.environments.create({ name: 'E' })).id;
      const say = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'x' }] };
      const base = { agent, environment_id: environment };
      const first = await beta.sessions.create({ ...base, initial_events: [say] });
      const second = await beta.sessions.create(base);
      const refused = { status: 429, type: 'rate_limit_error' };
      await expect(beta.sessions.create({ ...base, initial_events: [say] })).rejects.toMatchObject(refused);
      await expect(beta.sessions.events.send(second.id, { events: [say] })).rejects.toMatchObject(refused);
      await beta.sessions.events.send(first.id, { events: [say] });
    } finally {
      await limited.stop();
    }
  });
});
