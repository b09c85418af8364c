import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../examples/connect.ts';
import { startService, type RunningService } from '../harness/service.ts';

const run = promisify(execFile);

interface Frame {
  id: string | null;
  event: string;
  data: Record<string, unknown>;
}

/** The events of a stream; ends early, hanging up, behind the one that `until` names. */
async function framesOf(response: Response, until?: (frame: Frame) => boolean): Promise<Frame[]> {
  const frames: Frame[] = [];
  let [text, id] = ['', null as string | null];
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      id = field('id') ?? id;
      const [event, data] = [field('event'), field('data')];
      if (event === undefined || data === undefined) continue;
      frames.push({ id, event, data: JSON.parse(data) as Frame['data'] });
      const last = frames.at(-1);
      if (last && until?.(last)) return frames;
    }
  }
  return frames;
}

const textIn = (frames: readonly Frame[]) =>
  frames.map(({ event, data }) => (event === 'text' ? String(data['content']) : '')).join('');

/** The simple door of the whole service, on the demo model. */
describe('the simple door', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService({ MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1' });
  });
  afterAll(async () => service.stop());

  const post = async (path: string, body: object | FormData, headers: Record<string, string> = {}) =>
    fetch(`${service.url}/api/${path}`, {
      method: 'POST',
      headers: { ...headers, ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }) },
      body: body instanceof FormData ? body : JSON.stringify(body),
    });
  const create = async () => (await (await post('sessions', {})).json()) as { id: string; agent: string };
  const eventsOf = async (id: string) => {
    const session = (await (await fetch(`${service.url}/api/sessions/${id}`)).json()) as {
      events: { type: string; content: unknown }[];
    };
    return session.events;
  };

  it('talks to an agent with the one line of the README', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const line = /^curl -sN http:\/\/127\.0\.0\.1:8080\/api\/sessions .*$/m.exec(readme)?.[0] ?? '';
    const { stdout } = await run('sh', ['-c', line.replace('http://127.0.0.1:8080', service.url)]);
    const frames = await framesOf(new Response(stdout));
    expect(frames[0]).toMatchObject({ event: 'session', data: { agent: expect.stringMatching(/^agent_/) } });
    expect(frames.map(({ event }) => event)).toContain('tool_result');
    expect(textIn(frames)).not.toBe('');
    expect(frames.at(-1)).toMatchObject({ event: 'done', data: { stop_reason: 'end_turn' } });
  });

  it('streams each turn as it was in the original, and shows the same when the session is read', async () => {
    const { id } = await create();
    const frames = await framesOf(await post(`sessions/${id}/messages`, { message: 'Run `echo one`' }));
    const use = frames.find(({ event }) => event === 'tool_use');
    expect(use?.data).toMatchObject({ index: 0, name: 'bash', input: { command: 'echo one' } });
    expect(frames.find(({ event }) => event === 'tool_result')?.data).toMatchObject({
      tool_use_id: use?.data['id'],
      name: 'bash',
      input: { command: 'echo one' },
      output: 'one',
      is_error: false,
    });
    const events = await eventsOf(id);
    expect(events.map(({ type }) => type)).toEqual([
      'user_message',
      'assistant_message',
      'tool_use',
      'tool_result',
      'assistant_message',
    ]);
    const said = events.filter(({ type }) => type === 'assistant_message').map(({ content }) => content);
    expect(said.join('')).toBe(textIn(frames));
  });

  it('goes on when the client hangs up, and gives it the rest when it comes back, whichever way', async () => {
    const { id } = await create();
    const asked = await post(`sessions/${id}/messages`, { message: 'Run `sleep 1; echo ran >> count`' });
    const seen = await framesOf(asked, ({ event }) => event === 'tool_use');
    const last = seen.at(-1)?.id ?? '';
    // A client that repeats its request with what it saw last does not say anything again.
    const again = await post(
      `sessions/${id}/messages`,
      { message: 'Run `sleep 1; echo ran >> count`' },
      { 'last-event-id': last },
    );
    const rest = await framesOf(again);
    expect(rest[0]?.event).toBe('restart');
    expect(rest.filter(({ event }) => event === 'tool_use')).toEqual([]);
    expect(rest.find(({ event }) => event === 'tool_result')?.data).toMatchObject({ name: 'bash' });
    expect(rest.at(-1)?.event).toBe('done');
    const ended = await fetch(`${service.url}/api/sessions/${id}/messages`, {
      headers: { 'last-event-id': rest.at(-1)?.id ?? '' },
    });
    expect((await framesOf(ended)).map(({ event }) => event)).toEqual(['done']);
    const whole = await framesOf(await fetch(`${service.url}/api/sessions/${id}/messages`));
    expect(whole.filter(({ event }) => event === 'tool_use')).toHaveLength(1);
    const counted = await framesOf(await post(`sessions/${id}/messages`, { message: 'Run `wc -l < count`' }));
    expect(counted.find(({ event }) => event === 'tool_result')?.data['output']).toBe('1');
  });

  it('takes a file with a message, and gives back what the agent left', async () => {
    const { id } = await create();
    const form = new FormData();
    form.set('file', new File(['some text'], 'in.txt', { type: 'text/plain' }));
    form.set('message', 'Run `tr a-z A-Z < /mnt/session/uploads/in.txt > /mnt/session/outputs/out.txt`');
    const frames = await framesOf(await post(`sessions/${id}/upload`, form));
    expect(frames.at(-1)?.event).toBe('done');
    for (const path of ['/mnt/session/outputs/out.txt', 'out.txt']) {
      const response = await fetch(`${service.url}/api/files/download?session_id=${id}&path=${path}`);
      expect(await response.text()).toBe('SOME TEXT');
    }
    const [said] = await eventsOf(id);
    expect(said).toMatchObject({
      type: 'user_message',
      content: { attachments: [{ path: '/mnt/session/uploads/in.txt', size: 9, is_image: false }] },
    });
  });

  it('says plainly that the agent waits for an answer', async () => {
    const client = connect(service.url);
    const agent = await client.beta.agents.create({
      name: 'Careful',
      model: 'demo',
      tools: [
        {
          type: 'agent_toolset_20260401',
          default_config: { permission_policy: { type: 'always_ask' } },
        },
      ],
    });
    const { id } = (await (await post('sessions', { agent: agent.id })).json()) as { id: string };
    const frames = await framesOf(await post(`sessions/${id}/messages`, { message: 'Run `echo asked`' }));
    const last = frames.at(-1);
    expect(last).toMatchObject({ event: 'done', data: { stop_reason: 'requires_action' } });
    const [use] = (last?.data['tool_uses'] ?? []) as { id: string; name: string }[];
    expect(use).toMatchObject({ name: 'bash', input: { command: 'echo asked' } });
    const refused = await post(`sessions/${id}/messages`, { message: 'And now?' });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    await client.beta.sessions.events.send(id, {
      events: [{ type: 'user.tool_confirmation', tool_use_id: use?.id ?? '', result: 'allow' }],
    });
    const rest = await framesOf(
      await fetch(`${service.url}/api/sessions/${id}/messages`, {
        headers: { 'last-event-id': last?.id ?? '' },
      }),
    );
    expect(rest.find(({ event }) => event === 'tool_result')?.data).toMatchObject({ output: 'asked' });
    expect(rest.at(-1)).toMatchObject({ event: 'done', data: { stop_reason: 'end_turn' } });
  });

  it('keeps its default agent over restarts', async () => {
    const before = await create();
    await service.kill('api');
    await service.ready();
    expect((await create()).agent).toBe(before.agent);
  });
});
