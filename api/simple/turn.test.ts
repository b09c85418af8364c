import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../core/json.ts';
import { createTurn, type Turn, type TurnFrame } from './turn.ts';

const turnOf = (startsWith: string | null = null): Turn =>
  createTurn({
    sessionId: 'sesn_1',
    startsWith,
    toolUse: async (id) => (id === 'earlier' ? { name: 'bash', input: { command: 'ls' } } : null),
  });

/** Gives a turn these frames, numbered from 1 where they are of the journal, and returns what it says. */
async function told(turn: Turn, ...frames: [string, JsonObject][]): Promise<TurnFrame[]> {
  const said: TurnFrame[] = [];
  for (const [index, [event, data]] of frames.entries()) {
    const isPreview = event === 'event_start' || event === 'event_delta';
    said.push(...(await turn.next({ event, data, id: isPreview ? null : index + 1 })));
  }
  return said;
}

const start = (id: string, type = 'agent.message'): [string, JsonObject] => [
  'event_start',
  { event: { id, type } },
];
const delta = (id: string, text: string): [string, JsonObject] => [
  'event_delta',
  { event_id: id, delta: { content: { text } } },
];
const message = (id: string, text: string): [string, JsonObject] => [
  'agent.message',
  { id, content: [{ type: 'text', text }] },
];
const idle = (stop: JsonObject): [string, JsonObject] => ['session.status_idle', { stop_reason: stop }];

describe('a turn, told simply', () => {
  it('shows text once: as it is written, and of the finished message what is left', async () => {
    const frames = await told(
      turnOf(),
      start('a'),
      delta('a', 'Hel'),
      delta('a', 'lo'),
      message('a', 'Hello!'),
    );
    expect(frames).toEqual([
      { event: 'text', data: { content: 'Hel' } },
      { event: 'text', data: { content: 'lo' } },
      { event: 'text', data: { content: '!' }, id: 4 },
    ]);
  });

  it('only moves the client’s place where a message was shown whole', async () => {
    const frames = await told(turnOf(), start('a'), delta('a', 'Hi'), message('a', 'Hi'));
    expect(frames.at(-1)).toEqual({ data: {}, id: 3 });
  });

  it('says that what was shown is void when the model is asked again', async () => {
    const frames = await told(
      turnOf(),
      ['span.model_request_start', {}],
      start('a'),
      delta('a', 'Hal'),
      ['span.model_request_start', {}],
      start('b'),
      delta('b', 'Hello'),
      message('b', 'Hello'),
    );
    expect(frames.map(({ event, data }) => event ?? data)).toEqual(['text', 'restart', 'text', {}]);
  });

  it('tells of tools with what they were asked, also when the question came before', async () => {
    const frames = await told(
      turnOf(),
      ['agent.tool_use', { id: 't', name: 'read', input: { file_path: '/a' } }],
      [
        'agent.tool_result',
        { tool_use_id: 't', content: [{ type: 'text', text: 'A' }, { type: 'image' }], is_error: false },
      ],
      ['agent.tool_result', { tool_use_id: 'earlier', content: [], is_error: true }],
    );
    expect(frames).toEqual([
      { event: 'tool_use_start', data: { index: 0, id: 't', name: 'read' } },
      { event: 'tool_use', data: { index: 0, id: 't', name: 'read', input: { file_path: '/a' } }, id: 1 },
      {
        event: 'tool_result',
        data: {
          tool_use_id: 't',
          name: 'read',
          input: { file_path: '/a' },
          output: 'A[image]',
          is_error: false,
        },
        id: 2,
      },
      {
        event: 'tool_result',
        data: { tool_use_id: 'earlier', name: 'bash', input: { command: 'ls' }, output: '', is_error: true },
        id: 3,
      },
    ]);
  });

  it('leaves out what belongs to the turn before its message', async () => {
    const turn = turnOf('mine');
    const frames = await told(
      turn,
      message('a', 'earlier'),
      idle({ type: 'end_turn' }),
      ['user.message', { id: 'mine' }],
      message('b', 'now'),
      idle({ type: 'end_turn' }),
    );
    expect(frames).toEqual([
      { data: {}, id: 3 },
      { event: 'text', data: { content: 'now' }, id: 4 },
      { event: 'done', data: { stop_reason: 'end_turn' }, id: 5 },
    ]);
    expect(turn.over).toBe(true);
    expect(await told(turn, message('c', 'later'))).toEqual([]);
  });

  it('says whose answer it waits for, also when the message is held behind it', async () => {
    const asked: [string, JsonObject] = [
      'agent.tool_use',
      { id: 't', name: 'bash', input: { command: 'rm' } },
    ];
    const waits = idle({ type: 'requires_action', event_ids: ['t'] });
    for (const turn of [turnOf(), turnOf('mine')]) {
      const last = (await told(turn, asked, waits)).at(-1);
      expect(last).toMatchObject({
        event: 'done',
        data: {
          stop_reason: 'requires_action',
          tool_uses: [{ id: 't', name: 'bash', input: { command: 'rm' } }],
        },
      });
      expect(last?.data).toHaveProperty('message', expect.stringContaining('/v1/sessions/sesn_1/events'));
    }
  });

  it('tells of retries, and ends with the error when there are no more', async () => {
    const error = (type: string): [string, JsonObject] => [
      'session.error',
      { error: { message: 'Overloaded.', retry_status: { type } } },
    ];
    const frames = await told(
      turnOf(),
      error('retrying'),
      error('exhausted'),
      idle({ type: 'retries_exhausted' }),
    );
    expect(frames).toEqual([
      { event: 'retrying', data: { error: 'Overloaded.' }, id: 1 },
      { event: 'error', data: { error: 'Overloaded.' }, id: 3 },
    ]);
  });

  it('ends with an error when the session ends or cannot be read', async () => {
    for (const event of ['session.status_terminated', 'session.deleted', 'error']) {
      const turn = turnOf('mine');
      expect((await told(turn, [event, { error: { message: 'Broken.' } }])).at(-1)?.event).toBe('error');
      expect(turn.over).toBe(true);
    }
  });
});
