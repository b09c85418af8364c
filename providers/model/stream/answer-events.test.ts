import { describe, expect, it } from 'vitest';
import type { AppError } from '../../../core/errors.ts';
import { failureOf } from '../contract/subject.ts';
import {
  WIRES,
  ask,
  sse,
  DONE,
  text,
  bash,
  chunk,
  usage,
  called,
  completion,
  message,
  functionCall,
  ended,
  done,
  textDelta,
  parts,
  STOP,
  geminiCall,
  start,
  blockStart,
  blockStop,
  messageDelta,
  toolUse,
  hello,
  type Json,
} from '../contract/raw-answers.ts';

const NAMES = Object.keys(WIRES);
const WHOLE: Record<string, Json> = {
  chat: completion,
  responses: {
    id: 'r1',
    object: 'response',
    status: 'completed',
    output: [message('hello'), functionCall],
    usage: null,
  },
  gemini: parts([{ text: 'hello' }, geminiCall], STOP),
  anthropic: {
    id: 'm1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [text('hello'), toolUse],
    stop_reason: 'tool_use',
    usage: { input_tokens: 3, output_tokens: 2 },
  },
};
const STREAM: Record<string, string> = {
  chat: sse(chunk({ content: 'hello' }), chunk(called), chunk({}, 'tool_calls', usage)) + DONE,
  responses: sse(textDelta('hello'), done(message('hello', 'msg_1'), 0), done(functionCall, 1), ended([])),
  gemini: sse(parts([{ text: 'hello' }]), parts([geminiCall], STOP)),
  anthropic: sse(start, ...hello, blockStart(1, toolUse), blockStop(1), messageDelta('tool_use'), {
    type: 'message_stop',
  }),
};

describe('what an answer is, its body says', () => {
  const expected = [text('hello'), bash];

  it.each(
    NAMES.flatMap((wire) =>
      [
        'text/plain',
        'application/octet-stream',
        'application/stream+json',
        'application/json',
        'text/html',
        '',
      ].map((type): [string, string] => [wire, type]),
    ),
  )('%s: an event stream as %j', async (wire, type) => {
    expect((await ask(wire, { body: STREAM[wire] ?? '', type })).blocks).toMatchObject(expected);
  });

  it.each(
    NAMES.flatMap((wire) =>
      [(value: Json) => JSON.stringify(value), (value: Json) => JSON.stringify(value, null, 2)].flatMap(
        (write) =>
          ['application/json', 'text/event-stream'].map((type): [string, string, string] => [
            wire,
            type,
            `\n${write(WHOLE[wire] ?? null)}\n`,
          ]),
      ),
    ),
  )('%s: a whole answer as %s', async (wire, type, body) => {
    const response = await ask(wire, { body, type });
    expect(response).toMatchObject({ blocks: expected, stop: 'tool_use' });
  });

  it.each<[string, string]>([
    [
      'gemini',
      JSON.stringify([parts([{ text: 'hel' }]), parts([{ text: 'lo' }]), parts([geminiCall], STOP)], null, 2),
    ],
    [
      'gemini',
      [parts([{ text: 'hello' }]), parts([geminiCall], STOP)].map((one) => JSON.stringify(one)).join('\n'),
    ],
    [
      'chat',
      [chunk({ content: 'hello' }), chunk(called, 'tool_calls')].map((one) => JSON.stringify(one)).join('\n'),
    ],
  ])('%s: a list of events in place of a stream', async (wire, body) => {
    expect((await ask(wire, { body, type: 'application/json' })).blocks).toMatchObject(expected);
  });

  const ERRORS: [string, Json, AppError['code'], string][] = [
    [
      'OpenAI’s',
      { error: { message: 'slow down', type: 'rate_limit_exceeded', code: 'rate_limit_exceeded' } },
      'model_rate_limited',
      'slow down',
    ],
    [
      'a status as a number',
      { error: { message: 'slow down', code: 429 } },
      'model_rate_limited',
      'slow down',
    ],
    [
      'a status as text',
      { error: { message: 'no such model', code: '404' } },
      'model_request_refused',
      'no such model',
    ],
    [
      'Anthropic’s',
      { type: 'error', error: { type: 'overloaded_error', message: 'busy' } },
      'model_overloaded',
      'busy',
    ],
    [
      'Google’s',
      { error: { code: 503, message: 'busy', status: 'UNAVAILABLE' } },
      'model_overloaded',
      'busy',
    ],
    ['a text', { error: 'out of memory' }, 'model_unreachable', 'out of memory'],
    [
      'vLLM’s',
      { object: 'error', message: 'bad schema', type: 'BadRequestError', code: 400 },
      'model_request_refused',
      'bad schema',
    ],
    ['FastAPI’s', { detail: 'not today' }, 'model_unreachable', 'not today'],
    [
      'MiniMax’s',
      { base_resp: { status_code: 1000, status_msg: 'unknown error' } },
      'model_unreachable',
      'unknown error',
    ],
    ['bare words', { message: 'not today', code: 'Busy' }, 'model_unreachable', 'not today'],
    [
      'a prompt that is too long',
      { error: { message: 'too long', code: 'context_length_exceeded' } },
      'model_request_refused',
      'too long',
    ],
  ];
  it.each(
    NAMES.flatMap((wire) =>
      ERRORS.flatMap(([name, error, code, words]) =>
        [JSON.stringify(error), sse(error), `event: error\n${sse(error)}`].map(
          (body): [string, string, string, string, string] => [wire, name, body, code, words],
        ),
      ),
    ),
  )('%s: an error with status 200: %s, %j', async (wire, _name, body, code, words) => {
    const error = await failureOf(
      ask(wire, { body, type: body.startsWith('{') ? 'application/json' : 'text/event-stream' }),
    );
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  it.each(NAMES)('%s: a page, plain words or nothing are refused with what they are', async (wire) => {
    for (const [body, type] of [
      ['<!doctype html><title>Sign in</title>', 'text/html'],
      ['upstream connect error', 'text/event-stream'],
    ] as const) {
      const error = await failureOf(ask(wire, { body, type }));
      expect(error.code).toBe('model_unreachable');
      expect(error.message).toContain(type);
      expect(error.message).toContain(body.slice(0, 10));
    }
    expect((await failureOf(ask(wire, { body: '' }))).message).toContain('an empty body');
    const cut = JSON.stringify(WHOLE[wire]).slice(0, -20);
    expect((await failureOf(ask(wire, { body: cut, type: 'application/json' }))).message).toContain(
      'breaks off',
    );
  });

  it('takes no harm from `error: null` in events', async () => {
    const withNull = { ...(chunk({ content: 'hello' }, 'stop') as object), error: null } as Json;
    expect((await ask('chat', { body: sse(withNull) + DONE })).blocks).toEqual([text('hello')]);
  });
});
