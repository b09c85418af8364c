import { describe, expect, it } from 'vitest';
import { isAppError } from '../../../core/errors.ts';
import {
  ask,
  bash,
  blockStart,
  called,
  chunk,
  DONE,
  hello,
  parts,
  sse,
  start,
  text,
  type Answer,
  type Json,
} from '../contract/raw-answers.ts';
import { failureOf } from '../contract/subject.ts';

const begun = { tool_calls: [{ index: 0, id: 'a', function: { name: 'bash', arguments: '' } }] };
const toolStart = { type: 'tool_use', id: 'a', name: 'bash', input: {} };
const stop: Json = { type: 'message_stop' };
const item: Json = {
  type: 'function_call',
  id: 'f',
  call_id: 'a',
  name: 'bash',
  arguments: '',
  status: 'in_progress',
};
const added: Json = { type: 'response.output_item.added', output_index: 0, item };

describe('a call that a marker cuts off', () => {
  it.each<[string, string, Answer]>([
    ['chat', 'after its name', { body: sse(chunk(begun)) + DONE }],
    [
      'chat',
      'in its arguments',
      {
        body: sse(chunk(begun), chunk({ tool_calls: [{ index: 0, function: { arguments: '{"c' } }] })) + DONE,
      },
    ],
    ['anthropic', 'after its start', { body: sse(start, ...hello, blockStart(1, toolStart)) + DONE }],
    ['anthropic', 'by the end of the message', { body: sse(start, blockStart(0, toolStart), stop) }],
    ['responses', 'after its start', { body: sse(added) + DONE }],
  ])('is never run: %s, %s', async (wire, _place, answer) => {
    const outcome = await ask(wire, answer).catch((error: unknown) => error);
    if (isAppError(outcome)) expect(outcome.code).toBe('model_unreachable');
    else
      expect(outcome).toMatchObject({
        blocks: expect.arrayContaining([expect.objectContaining({ type: 'tool_use', input: null })]) as Json,
      });
  });
});

describe('words for the end', () => {
  it.each<[string, string, Answer, Json[], string]>([
    [
      'chat',
      'of none, in every chunk but the last',
      { body: sse(chunk({ content: 'one ' }, 'null'), chunk({ content: 'two' }, 'None'), chunk({}, 'stop')) },
      [text('one two')],
      'end_turn',
    ],
    [
      'chat',
      'that say less than the one before',
      { body: sse(chunk({ content: 'one' }, 'length'), chunk({}, 'stop')) + DONE },
      [text('one')],
      'max_tokens',
    ],
    [
      'chat',
      'beside the choices',
      { body: sse(chunk({ content: 'one' }), chunk({}, null, { finish_reason: 'stop' })) },
      [text('one')],
      'end_turn',
    ],
    ['chat', 'of Ollama', { body: sse(chunk(called), chunk({}, null, { done: true })) }, [bash], 'tool_use'],
    [
      'chat',
      'with two forms of one call',
      {
        body: sse(
          chunk({
            tool_calls: [{ index: 0, id: 'a', function: { name: 'bash', arguments: '{"command":' } }],
            function_call: { name: 'bash', arguments: '{"command":' },
          }),
          chunk({
            tool_calls: [{ index: 0, function: { arguments: '"ls"}' } }],
            function_call: { arguments: '"ls"}' },
          }),
          chunk({}, 'tool_calls'),
        ),
      },
      [bash],
      'tool_use',
    ],
    [
      'gemini',
      'of none, in every chunk but the last',
      {
        body: sse(
          parts([{ text: 'one ' }], { finishReason: 'FINISH_REASON_UNSPECIFIED' }),
          parts([{ text: 'two' }], { finishReason: 'STOP' }),
        ),
      },
      [text('one two')],
      'end_turn',
    ],
    [
      'gemini',
      'that say less than the one before',
      {
        body: sse(
          parts([{ text: 'one' }], { finishReason: 'MAX_TOKENS' }),
          parts([{ text: '' }], { finishReason: 'STOP' }),
        ),
      },
      [text('one')],
      'max_tokens',
    ],
  ])('%s: %s', async (wire, _shape, answer, blocks, reason) => {
    const response = await ask(wire, answer);
    expect(response.blocks).toMatchObject(blocks);
    expect(response.blocks).toHaveLength(blocks.length);
    expect(response.stop).toBe(reason);
  });
});

describe('an error between the events', () => {
  it.each(['{"error": {"message": "out of memory", "code": 503}}', '{"error":"out of memory"}'])(
    'is read though it is no event: %s',
    async (line) => {
      const body = `${sse(chunk({ content: 'one' }))}${line}\n\n`;
      expect((await failureOf(ask('chat', { body }))).message).toContain('out of memory');
    },
  );
});

describe('what only looks like a broken protocol', () => {
  const whole = chunk({ content: 'one' }, 'stop');
  it.each<[string, string]>([
    ['the field twice', `data: data: ${JSON.stringify(whole)}\n\n`],
    ['the marker in quotes', `${sse(whole)}data: "[DONE]"\n\n`],
    ['the marker in small letters', `${sse(whole)}data: [done]\n\n`],
    ['words that keep the connection alive', `data: ping\n\nevent: keep-alive\ndata: \n\n${sse(whole)}`],
    ['a named ping that is no JSON', `event: ping\ndata: still here\n\n${sse(whole)}`],
    ['a list of chunks in one event', `data: ${JSON.stringify([whole])}\n\n`],
    [
      'Ollama’s own form',
      '{"model":"m","message":{"role":"assistant","content":"one"},"done":false}\n{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n',
    ],
  ])('is read: %s', async (_shape, body) => {
    expect((await ask('chat', { body })).blocks).toEqual([text('one')]);
  });
});

describe('failures in unusual places', () => {
  const inChoice = { error: { code: 429, message: 'slow down' } };
  it.each<[string, string, Json, string, string]>([
    [
      'chat',
      'in the choice',
      { choices: [{ delta: {}, finish_reason: 'error', ...inChoice }] },
      'model_rate_limited',
      'slow down',
    ],
    ['chat', 'in a list', { errors: [{ message: 'not today' }] }, 'model_unreachable', 'not today'],
    [
      'responses',
      'as a cancelled response',
      { type: 'response.cancelled', response: {} },
      'model_unreachable',
      'cancelled',
    ],
  ])('are read: %s, %s', async (wire, _place, event, code, words) => {
    const failure = await failureOf(ask(wire, { body: sse(event) }));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(words);
  });
  it('are none where a response ends under the word of a gateway', async () => {
    const output = [
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'one', annotations: [] }],
      },
    ];
    const body = sse({ type: 'response.done', response: { status: 'completed', output } });
    expect((await ask('responses', { body })).blocks).toEqual([text('one')]);
  });
});
