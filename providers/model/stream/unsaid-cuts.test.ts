import { describe, expect, it } from 'vitest';
import { ask, chunk, DONE, sse, type Json } from '../contract/raw-answers.ts';

/** The request of these tests allows an answer of 100 tokens. */
const LIMIT = 100;
const CALL = '{"command":"ls"}';

const claude = (stop: string, tokens: number, blocks: 'call' | 'text'): string =>
  sse(
    { type: 'message_start', message: { id: 'm1', model: 'm', content: [], usage: { input_tokens: 5 } } },
    ...(blocks === 'call'
      ? [
          {
            type: 'content_block_start',
            index: 0,
            content_block: { type: 'tool_use', id: 't1', name: 'bash', input: {} },
          },
          { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: CALL } },
        ]
      : [
          { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
          { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'So fa' } },
        ]),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: stop }, usage: { output_tokens: tokens } },
    { type: 'message_stop' },
  );

const chat = (stop: string, tokens: number, blocks: 'call' | 'text'): string =>
  sse(
    chunk(
      blocks === 'call'
        ? { tool_calls: [{ index: 0, id: 'c', function: { name: 'bash', arguments: CALL } }] }
        : { content: 'So fa' },
    ),
    chunk({}, stop, {
      usage: { prompt_tokens: 5, completion_tokens: tokens, total_tokens: 5 + tokens },
    }),
  ) + DONE;

const responses = (_stop: string, tokens: number, blocks: 'call' | 'text'): string =>
  sse({
    type: 'response.completed',
    response: {
      id: 'r',
      status: 'completed',
      output: [
        blocks === 'call'
          ? { type: 'function_call', id: 'f', call_id: 'c', name: 'bash', arguments: CALL }
          : { type: 'message', id: 'i', content: [{ type: 'output_text', text: 'So fa' }] },
      ],
      usage: { input_tokens: 5, output_tokens: tokens },
    },
  });

const gemini = (_stop: string, tokens: number, blocks: 'call' | 'text'): string =>
  sse({
    candidates: [
      {
        content: {
          parts: [
            blocks === 'call'
              ? { functionCall: { name: 'bash', args: { command: 'ls' } } }
              : { text: 'So fa' },
          ],
        },
        finishReason: 'STOP',
      },
    ],
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: tokens },
  } satisfies Json);

const WIRES = { anthropic: claude, chat, responses, gemini };
const WORDS: Record<string, [text: string, call: string]> = {
  anthropic: ['end_turn', 'tool_use'],
  chat: ['stop', 'tool_calls'],
};

describe.each(Object.entries(WIRES))(
  'an answer as long as it may be that passes for whole: %s',
  (wire, write) => {
    const [ends, calls] = WORDS[wire] ?? ['', ''];

    it('is cut off, and its last call never runs', async () => {
      const text = await ask(wire, { body: write(ends, LIMIT, 'text') });
      expect(text).toMatchObject({ stop: 'max_tokens', blocks: [{ type: 'text', text: 'So fa' }] });
      const call = await ask(wire, { body: write(calls, LIMIT, 'call') });
      expect(call).toMatchObject({ stop: 'max_tokens', blocks: [{ type: 'tool_use', input: null }] });
    });

    it.each([LIMIT - 1, LIMIT + 1])('is whole with %i tokens', async (tokens) => {
      expect((await ask(wire, { body: write(ends, tokens, 'text') })).stop).toBe('end_turn');
      const call = await ask(wire, { body: write(calls, tokens, 'call') });
      expect(call).toMatchObject({
        stop: 'tool_use',
        blocks: [{ type: 'tool_use', input: { command: 'ls' } }],
      });
    });
  },
);

describe('an answer that its server gave up', () => {
  it.each<[string, string]>([
    ['anthropic', claude('network_error', 7, 'text')],
    ['anthropic', claude('error', 7, 'call')],
    ['chat', chat('insufficient_system_resource', 7, 'text')],
    ['chat', chat('abort', 7, 'call')],
    ['chat', chat('repetition', 7, 'text')],
    ['responses', responses('', 7, 'text').replace('"status":"completed"', '"status":"failed"')],
    ['responses', responses('', 7, 'call').replace('"status":"completed"', '"status":"cancelled"')],
    [
      'responses',
      responses('', 7, 'text').replace(
        '"status":"completed"',
        '"status":"incomplete","incomplete_details":{"reason":"error"}',
      ),
    ],
  ])('is asked for again, and none of it counts: %s %#', async (wire, body) => {
    await expect(ask(wire, { body })).rejects.toMatchObject({ code: 'model_unreachable' });
  });
});

describe('an answer that is said to end with a call, and has none', () => {
  it.each<[string, string]>([
    ['anthropic', claude('tool_use', 7, 'text')],
    ['chat', chat('tool_calls', 7, 'text')],
  ])('is told from one that ends: %s', async (wire, body) => {
    expect((await ask(wire, { body })).stop).toBe('missing_call');
  });
});
