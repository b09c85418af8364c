import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyPdf } from '../../doubles/tiny-pdf.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';
import { journalToolUse } from '../../harness/journal-tool-use.ts';

let api: TestApi;
let client: Anthropic;
let agent: string;
let environment: string;
beforeAll(async () => {
  api = await startApi({ settings: { SESSION_MAX_UNPROCESSED_EVENTS: '20' } });
  client = api.client();
  agent = (await client.beta.agents.create({ model: 'claude-opus-5-5', name: 'Coder' })).id;
  environment = (await client.beta.environments.create({ name: 'Linux' })).id;
});
afterAll(async () => api.stop());

const refused = { status: 400, type: 'invalid_request_error' };
const newSession = async () => (await client.beta.sessions.create({ agent, environment_id: environment })).id;
const say = (text: string) => ({ type: 'user.message' as const, content: [{ type: 'text' as const, text }] });
const listed = async (id: string) => (await client.beta.sessions.events.list(id)).data;
const send = async (id: string, events: object[]) => {
  const response = await fetch(`${api.url}/v1/sessions/${id}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ events }),
  });
  const body = (await response.json()) as { data?: object[]; error?: { message: string } };
  return { status: response.status, message: body.error?.message ?? '', data: body.data };
};

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('sending events', () => {
  it('answers with the stored events, which wait in their order', async () => {
    const id = await newSession();
    const { data } = await client.beta.sessions.events.send(id, { events: [say('one'), say('two')] });
    expect(data).toEqual([
      { ...say('one'), id: expect.stringMatching(/^sevt_/), processed_at: null },
      { ...say('two'), id: expect.stringMatching(/^sevt_/), processed_at: null },
    ]);
    expect(await listed(id)).toEqual(data);
    expect((await client.beta.sessions.retrieve(id)).status).toBe('running');
    const signals = api.engine.signalled.filter(({ sessionId }) => sessionId === id);
    expect(signals.flatMap(({ events }) => events.map(({ arrival }) => arrival))).toEqual([1, 2]);
  });

  it('keeps every kind of block and every character', async () => {
    const id = await newSession();
    const file = await client.beta.files.upload({ file: new File([new Uint8Array(tinyPdf('A'))], 'a.pdf') });
    const content = [
      { type: 'text' as const, text: 'emoji 😀, CR\r\n, quote " and \u2028' },
      {
        type: 'image' as const,
        source: { type: 'base64' as const, media_type: 'image/png', data: PIXEL },
      },
      { type: 'document' as const, source: { type: 'file' as const, file_id: file.id }, title: 'A' },
      {
        type: 'document' as const,
        source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'x' },
      },
    ];
    await client.beta.sessions.events.send(id, { events: [{ type: 'user.message', content }] });
    expect((await listed(id))[0]).toMatchObject({ content });
  });

  it('keeps very long text, in blobs beside the journal', async () => {
    const id = await newSession();
    const text = 'long '.repeat(200_000);
    const { data } = await client.beta.sessions.events.send(id, { events: [say(text)] });
    expect(data?.[0]).toMatchObject(say(text));
    expect((await listed(id))[0]).toMatchObject(say(text));
    const rows = await api.database.query<{ size: number }>(
      'SELECT length(body::text) AS size FROM events WHERE session_id = $1',
      [id],
    );
    expect(rows[0]?.size).toBeLessThan(1_000);
    const signal = api.engine.signalled.find(({ sessionId }) => sessionId === id);
    expect(JSON.stringify(signal).length).toBeLessThan(10_000);
  });

  it('splits a large batch into signals that Temporal takes', async () => {
    const id = await newSession();
    const events = Array.from({ length: 20 }, () => say('x'.repeat(7_000)));
    await client.beta.sessions.events.send(id, { events });
    const signals = api.engine.signalled.filter(({ sessionId }) => sessionId === id);
    expect(signals.length).toBeGreaterThan(1);
    for (const { events: part } of signals) expect(JSON.stringify(part).length).toBeLessThanOrEqual(66_000);
    expect(signals.flatMap(({ events: part }) => part)).toHaveLength(20);
  });

  it('refuses the whole batch for one wrong event, naming it', async () => {
    const id = await newSession();
    const answer = await send(id, [
      say('fine'),
      { type: 'user.message', content: [{ type: 'text', text: '' }] },
    ]);
    expect(answer.status).toBe(400);
    expect(answer.message).toContain('events.1.content.0.text');
    const unknown = await send(id, [
      say('fine'),
      { type: 'user.tool_confirmation', tool_use_id: 'sevt_x', result: 'allow' },
    ]);
    expect(unknown.status).toBe(400);
    expect(unknown.message).toContain('events.1.tool_use_id');
    expect(await listed(id)).toEqual([]);
    expect(api.engine.signalled.some(({ sessionId }) => sessionId === id)).toBe(false);
  });

  it.each([
    ['events', []],
    ['events.0.content', [{ type: 'user.message', content: [] }]],
    ['events.0.content', [{ type: 'user.message', content: 'text' }]],
    ['events.0.content.0.type', [{ type: 'user.message', content: [{ type: 'redacted' }] }]],
    [
      'events.0.content.0.source.data',
      [
        {
          type: 'user.message',
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: '!' } }],
        },
      ],
    ],
    [
      'events.0.content.0.source.url',
      [
        {
          type: 'user.message',
          content: [{ type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } }],
        },
      ],
    ],
    ['events.0.type', [{ type: 'agent.message', content: [] }]],
    ['events.0.type', [{ type: 'user.tool_result', tool_use_id: 'sevt_x' }]],
    [
      'events.0.deny_message',
      [{ type: 'user.tool_confirmation', tool_use_id: 'x', result: 'allow', deny_message: 'no' }],
    ],
    ['events.0.custom_tool_use_id', [{ type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_none' }]],
    ['events.0.session_thread_id', [{ type: 'user.interrupt', session_thread_id: 'sthr_none' }]],
    [
      'events.0',
      [{ type: 'user.message', content: [{ type: 'text', text: 'x' }], id: 'sevt_mine', processed_at: null }],
    ],
    ['events.0.type', [{ type: 'system.message', content: [{ type: 'text', text: 'x' }] }]],
    [
      'events.0.type',
      [
        { type: 'system.message', content: [{ type: 'text', text: 'x' }] },
        { type: 'user.message', content: [{ type: 'text', text: 'x' }] },
      ],
    ],
    [
      'events.1.type',
      [{ type: 'user.interrupt' }, { type: 'system.message', content: [{ type: 'text', text: 'x' }] }],
    ],
    [
      'events.1.content',
      [
        { type: 'user.message', content: [{ type: 'text', text: 'x' }] },
        {
          type: 'system.message',
          content: Array.from({ length: 1_001 }, () => ({ type: 'text', text: 'x' })),
        },
      ],
    ],
  ])('refuses a wrong %s', async (field, events) => {
    const id = await newSession();
    const answer = await send(id, events);
    expect(answer.status).toBe(400);
    expect(answer.message).toContain(field);
    expect(await listed(id)).toEqual([]);
  });

  it('takes a system message behind a message, for models that take one', async () => {
    const id = await newSession();
    const system = {
      type: 'system.message' as const,
      content: [{ type: 'text' as const, text: 'Be kind.' }],
    };
    await client.beta.sessions.events.send(id, { events: [say('x'), system] });
    expect((await listed(id)).map(({ type }) => type)).toEqual(['user.message', 'system.message']);
    const older = await client.beta.agents.create({ model: 'claude-sonnet-4-5', name: 'Older' });
    const other = await client.beta.sessions.create({ agent: older.id, environment_id: environment });
    await expect(
      client.beta.sessions.events.send(other.id, { events: [say('x'), system] }),
    ).rejects.toMatchObject({ ...refused, errorCode: 'model_does_not_support_mid_conversation_system' });
  });

  it('finishes an interrupt on the spot when there is nothing to interrupt', async () => {
    const id = await newSession();
    const { data } = await client.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
    expect(data?.[0]).toMatchObject({ type: 'user.interrupt', processed_at: expect.any(String) });
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
    expect(api.engine.signalled.some(({ sessionId }) => sessionId === id)).toBe(false);
    expect((await listed(id))[0]).toEqual(data?.[0]);
  });

  it('pokes the workers when there is something to interrupt', async () => {
    const id = await newSession();
    await client.beta.sessions.events.send(id, { events: [say('x'), { type: 'user.interrupt' }] });
    expect(api.published).toContainEqual({ type: 'interrupt', sessionId: id, arrival: 2 });
  });

  it('holds a bounded queue', async () => {
    const id = await newSession();
    await client.beta.sessions.events.send(id, { events: Array.from({ length: 20 }, () => say('x')) });
    const error: unknown = await client.beta.sessions.events
      .send(id, { events: [say('y')] })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ status: 429, type: 'rate_limit_error' });
    expect((error as { headers: Headers }).headers.get('retry-after')).toBe('5');
    expect(await listed(id)).toHaveLength(20);
  });

  it('stores a batch once for each time it is sent, also at the same moment', async () => {
    const id = await newSession();
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) =>
        client.beta.sessions.events.send(id, { events: [say(`${index}`)] }),
      ),
    );
    const events = await listed(id);
    expect(new Set(events.map(({ id: event }) => event)).size).toBe(10);
  });
});

describe('answering tool uses', () => {
  it('takes one confirmation of an asked call, and no message while it waits', async () => {
    const id = await newSession();
    const use = await journalToolUse(api.journal, id, 'ask');
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
    await expect(client.beta.sessions.events.send(id, { events: [say('x')] })).rejects.toMatchObject(refused);
    const confirm = {
      type: 'user.tool_confirmation' as const,
      tool_use_id: use,
      result: 'deny' as const,
      deny_message: 'No.',
    };
    const { data } = await client.beta.sessions.events.send(id, { events: [confirm] });
    expect(data?.[0]).toMatchObject({ ...confirm, processed_at: null });
    expect((await client.beta.sessions.retrieve(id)).status).toBe('running');
    await expect(client.beta.sessions.events.send(id, { events: [confirm] })).rejects.toMatchObject(refused);
    const signal = api.engine.signalled.find(({ sessionId }) => sessionId === id);
    expect(signal?.events[0]).toMatchObject({ type: 'user.tool_confirmation', ref: use, allow: false });
  });

  it('takes the result of a custom tool at once, and a second one without effect', async () => {
    const id = await newSession();
    const use = await journalToolUse(api.journal, id, 'custom');
    const result = {
      type: 'user.custom_tool_result' as const,
      custom_tool_use_id: use,
      content: [{ type: 'text' as const, text: '' }],
    };
    const first = await client.beta.sessions.events.send(id, { events: [result] });
    expect(first.data?.[0]).toMatchObject({ ...result, processed_at: expect.any(String) });
    const second = await client.beta.sessions.events.send(id, { events: [result] });
    expect(second.data?.[0]?.id).not.toBe(first.data?.[0]?.id);
    const confirm = { type: 'user.tool_confirmation' as const, tool_use_id: use, result: 'allow' as const };
    await expect(client.beta.sessions.events.send(id, { events: [confirm] })).rejects.toMatchObject(refused);
  });
});
