import { describe, expect, it } from 'vitest';
import { failureOf } from '../contract/subject.ts';
import {
  ask,
  sse,
  DONE,
  text,
  bash,
  chunk,
  usage,
  called,
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
  blockDelta,
  blockStop,
  messageDelta,
  toolUse,
  hello,
  type Json,
  type Answer,
} from '../contract/raw-answers.ts';

describe('a stream is read to its end', () => {
  it.each<[string, string, Answer, Json[], string?]>([
    [
      'chat',
      'a reason in the first chunk, with usage in each',
      {
        body:
          sse(
            chunk({ content: 'one ' }, 'stop', usage),
            chunk({ content: 'two' }, null, usage),
            chunk(called, null, usage),
          ) + DONE,
      },
      [text('one two'), bash],
      'tool_use',
    ],
    [
      'chat',
      'a reason in every chunk',
      { body: sse(chunk({ content: 'one ' }, 'stop'), chunk({ content: 'two' }, 'stop')) + DONE },
      [text('one two')],
    ],
    [
      'chat',
      'a reason on an empty chunk before the calls',
      { body: sse(chunk({ content: 'one' }), chunk({}, 'stop'), chunk(called)) + DONE },
      [text('one'), bash],
    ],
    [
      'chat',
      'a marker without a reason',
      { body: sse(chunk({ content: 'one' })) + DONE },
      [text('one')],
      'end_turn',
    ],
    [
      'chat',
      'a reason without a marker',
      { body: sse(chunk({ content: 'one' }), chunk({}, 'stop')) },
      [text('one')],
    ],
    [
      'chat',
      'no empty line after the last event',
      { body: `${sse(chunk({ content: 'one' }))}data: ${JSON.stringify(chunk({}, 'stop'))}` },
      [text('one')],
    ],
    [
      'chat',
      'single line ends between the events',
      { body: sse(chunk({ content: 'one' }), chunk({}, 'stop')).replaceAll('\n\n', '\n') + DONE },
      [text('one')],
    ],
    [
      'chat',
      'a connection that stays open after the reason',
      { body: sse(chunk({ content: 'one' }), chunk({}, 'stop')), open: true },
      [text('one')],
    ],
    [
      'chat',
      'a connection that stays open after the marker',
      { body: sse(chunk({ content: 'one' }), chunk({}, 'stop')) + DONE, open: true },
      [text('one')],
    ],
    [
      'chat',
      'a connection that breaks after the reason',
      { body: sse(chunk({ content: 'one' }), chunk({}, 'stop')), cut: true },
      [text('one')],
    ],
    [
      'chat',
      'the message once more in the last chunk',
      {
        body:
          sse(chunk({ content: 'one' }), {
            choices: [{ index: 0, message: { content: 'one' }, finish_reason: 'stop' }],
          }) + DONE,
      },
      [text('one')],
    ],
    [
      'chat',
      'text and calls as choices of their own',
      {
        body:
          sse({
            choices: [
              { index: 0, delta: { content: 'one' }, finish_reason: 'stop' },
              { index: 1, delta: called, finish_reason: 'tool_calls' },
            ],
          }) + DONE,
      },
      [text('one'), bash],
    ],
    [
      'gemini',
      'STOP on an empty chunk',
      { body: sse(parts([{ text: 'one ' }]), parts([{ text: '' }], STOP), parts([{ text: 'two' }])) },
      [text('one two')],
    ],
    [
      'gemini',
      'STOP on every chunk',
      {
        body: sse(parts([{ text: 'one ' }], STOP), parts([{ text: 'two' }], STOP), parts([geminiCall], STOP)),
      },
      [text('one two'), bash],
    ],
    [
      'gemini',
      'STOP before a second call',
      {
        body: sse(
          parts([geminiCall], STOP),
          parts([{ functionCall: { name: 'bash', args: { command: 'pwd' } } }]),
        ),
      },
      [bash, { ...bash, input: { command: 'pwd' } }],
    ],
    [
      'gemini',
      'a marker of another vendor',
      { body: sse(parts([{ text: 'one' }], STOP)) + DONE },
      [text('one')],
    ],
    [
      'responses',
      'the output in the last event alone',
      {
        body: sse(
          { type: 'response.created', response: { id: 'r1', status: 'in_progress', output: [] } },
          ended([message('one'), functionCall]),
        ),
      },
      [text('one'), bash],
      'tool_use',
    ],
    [
      'responses',
      'items without an index',
      { body: sse(done(message('one')), done(functionCall), ended([])) },
      [text('one'), bash],
    ],
    [
      'responses',
      'items with one index for all',
      { body: sse(done(message('one', 'msg_1'), 0), done(functionCall, 0), ended([])) },
      [text('one'), bash],
    ],
    [
      'responses',
      'calls with one index for all, streamed',
      {
        body: sse(
          { type: 'response.output_item.added', output_index: 0, item: { ...functionCall, arguments: '' } },
          {
            type: 'response.function_call_arguments.done',
            output_index: 0,
            item_id: 'fc_1',
            arguments: '{"command":"ls"}',
          },
          done(functionCall, 0),
          {
            type: 'response.output_item.added',
            output_index: 0,
            item: { ...functionCall, id: 'fc_2', call_id: 'b', arguments: '' },
          },
          done({ ...functionCall, id: 'fc_2', call_id: 'b', arguments: '{"command":"pwd"}' }, 0),
          ended([]),
        ),
      },
      [bash, { ...bash, input: { command: 'pwd' } }],
    ],
    [
      'responses',
      'half of the output in each place',
      { body: sse(done(message('one'), 0), ended([message('one'), functionCall])) },
      [text('one'), bash],
    ],
    [
      'responses',
      'a last event that has less than the stream',
      { body: sse(done(message('one'), 0), done(functionCall, 1), ended([functionCall])) },
      [text('one'), bash],
    ],
    [
      'responses',
      'nothing but deltas',
      {
        body: sse(
          textDelta('on'),
          textDelta('e'),
          { type: 'response.output_item.added', output_index: 1, item: { ...functionCall, arguments: '' } },
          {
            type: 'response.function_call_arguments.delta',
            output_index: 1,
            item_id: 'fc_1',
            delta: '{"command":',
          },
          {
            type: 'response.function_call_arguments.delta',
            output_index: 1,
            item_id: 'fc_1',
            delta: '"ls"}',
          },
          ended([]),
        ),
      },
      [text('one'), bash],
    ],
    [
      'responses',
      'other ids in each event',
      {
        body: sse(
          {
            type: 'response.output_item.added',
            output_index: 0,
            item: { ...message(''), id: 'x1', content: [] },
          },
          { ...(textDelta('one') as object), item_id: 'x2' },
          done(message('one', 'x3'), 0),
          ended([message('one', 'x4')]),
        ),
      },
      [text('one')],
    ],
    [
      'responses',
      'a marker in place of the last event',
      { body: sse(done(message('one'), 0)) + DONE },
      [text('one')],
    ],
    [
      'anthropic',
      'no message_stop',
      { body: sse(start, ...hello, messageDelta('end_turn')) },
      [text('hello')],
    ],
    [
      'anthropic',
      'a marker of another vendor',
      { body: sse(start, ...hello, messageDelta('end_turn')) + DONE },
      [text('hello')],
    ],
    [
      'anthropic',
      'blocks side by side',
      {
        body: sse(
          start,
          blockStart(0, text('')),
          blockStart(1, { ...toolUse, input: {} }),
          blockDelta(0, { type: 'text_delta', text: 'hello' }),
          blockDelta(1, { type: 'input_json_delta', partial_json: '{"command":"ls"}' }),
          messageDelta('tool_use'),
          { type: 'message_stop' },
        ),
      },
      [text('hello'), bash],
    ],
    [
      'anthropic',
      'a text whose block did not begin',
      {
        body: sse(start, blockDelta(0, { type: 'text_delta', text: 'hello' }), messageDelta('end_turn'), {
          type: 'message_stop',
        }),
      },
      [text('hello')],
    ],
    [
      'anthropic',
      'the reason before the last block',
      {
        body: sse(start, ...hello, messageDelta('tool_use'), blockStart(1, toolUse), blockStop(1), {
          type: 'message_stop',
        }),
      },
      [text('hello'), bash],
    ],
    [
      'anthropic',
      'indices that begin at 1',
      {
        body: sse(start, blockStart(1, text('hello')), blockStop(1), messageDelta('end_turn'), {
          type: 'message_stop',
        }),
      },
      [text('hello')],
    ],
  ])('%s: %s', async (wire, _shape, answer, blocks, stop) => {
    const response = await ask(wire, answer);
    expect(response.blocks.filter(({ type }) => type !== 'thinking')).toMatchObject(blocks);
    if (stop !== undefined) expect(response.stop).toBe(stop);
  });

  it.each<[string, string, Answer]>([
    ['chat', 'ends without a reason and a marker', { body: sse(chunk({ content: 'one' })) }],
    [
      'chat',
      'ends inside a call',
      {
        body: sse(
          chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'bash', arguments: '{"comm' } }] }),
        ),
      },
    ],
    [
      'chat',
      'breaks between chunks that each have a reason',
      { body: sse(chunk({ content: 'one' }, 'stop'), chunk({ content: 'two' }, 'stop')), cut: true },
    ],
    ['chat', 'has a marker and nothing else', { body: DONE }],
    ['responses', 'ends without its last event', { body: sse(done(message('one'), 0)) }],
    ['gemini', 'ends without a reason', { body: sse(parts([{ text: 'one' }])) }],
    [
      'anthropic',
      'lacks only the last event after a call',
      { body: sse(start, blockStart(0, toolUse), blockStop(0), messageDelta('tool_use')) },
    ],
    [
      'anthropic',
      'lacks only the last event after a call that came after the reason',
      { body: sse(start, ...hello, messageDelta('tool_use'), blockStart(1, toolUse), blockStop(1)) },
    ],
    ['anthropic', 'ends after a block', { body: sse(start, ...hello) }],
    [
      'anthropic',
      'begins anew',
      { body: sse(start, ...hello, start, ...hello, messageDelta('end_turn'), { type: 'message_stop' }) },
    ],
  ])('%s: an answer that %s is none', async (wire, _shape, answer) => {
    expect((await failureOf(ask(wire, answer))).code).toBe('model_unreachable');
  });
});
