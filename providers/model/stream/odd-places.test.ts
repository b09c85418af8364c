import { describe, expect, it } from 'vitest';
import {
  ask,
  bash,
  blockDelta,
  blockStart,
  blockStop,
  chunk,
  DONE,
  done,
  ended,
  functionCall,
  messageDelta,
  parts,
  sse,
  start,
  STOP,
  text,
  toolUse,
  type Answer,
  type Json,
} from '../contract/raw-answers.ts';
import { failureOf } from '../contract/subject.ts';

const { id: _id, ...withoutId } = functionCall;
const stop: Json = { type: 'message_stop' };
const named = (name: string): Json =>
  chunk({ tool_calls: [{ index: 0, id: 'a', function: { name, arguments: '{"command":"ls"}' } }] });
const geminiNamed = (name: string): Json =>
  parts([{ functionCall: { name, args: { command: 'ls' } } }], STOP);
const partDone: Json = {
  type: 'response.content_part.done',
  item_id: 'm',
  output_index: 0,
  content_index: 0,
  part: { type: 'output_text', text: 'hello' },
};

describe('what stands where the vendor does not put it', () => {
  it.each<[string, string, Answer, Json[]]>([
    [
      'responses',
      'a call that ends twice, without an id',
      { body: sse(done(withoutId), done(withoutId), ended([])) },
      [bash],
    ],
    [
      'responses',
      'two calls of the same, without ids',
      { body: sse(done(withoutId, 0), done({ ...withoutId, call_id: 'b' }, 0), ended([])) },
      [bash, bash],
    ],
    [
      'responses',
      'two calls that share an id and say different things',
      { body: sse(done(withoutId), done({ ...withoutId, arguments: '{"command":"pwd"}' }), ended([])) },
      [bash, { ...bash, input: { command: 'pwd' } }],
    ],
    [
      'responses',
      'arguments as an object',
      { body: sse(done({ ...functionCall, arguments: { command: 'ls' } }), ended([])) },
      [bash],
    ],
    ['responses', 'a text in the end of its part only', { body: sse(partDone, ended([])) }, [text('hello')]],
    [
      'chat',
      'the text of the older API',
      {
        body:
          sse({ choices: [{ text: 'hel' }] }, { choices: [{ text: 'lo', finish_reason: 'stop' }] }) + DONE,
      },
      [text('hello')],
    ],
    [
      'chat',
      'a whole text of the older API',
      { body: JSON.stringify({ choices: [{ text: 'hello', finish_reason: 'stop' }] }) },
      [text('hello')],
    ],
    [
      'gemini',
      'chunks within a response',
      { body: sse({ response: parts([{ text: 'hello' }], STOP) }) },
      [text('hello')],
    ],
    [
      'anthropic',
      'arguments as an object',
      {
        body: sse(
          start,
          blockStart(0, { ...toolUse, input: {} }),
          blockDelta(0, { type: 'input_json_delta', partial_json: { command: 'ls' } }),
          blockStop(0),
          messageDelta('tool_use'),
          stop,
        ),
      },
      [bash],
    ],
  ])('is read: %s, %s', async (wire, _what, answer, blocks) => {
    const response = await ask(wire, answer);
    expect(response.blocks).toMatchObject(blocks);
    expect(response.blocks).toHaveLength(blocks.length);
  });

  it.each<[string, Json]>([
    ['chat', named('functions.bash')],
    ['chat', named('functions.bash:0')],
    ['chat', named('bash<|channel|>commentary')],
    ['chat', named(' bash\n')],
    ['chat', named('Bash')],
    ['chat', named('"bash"')],
    ['gemini', geminiNamed('default_api.bash')],
    ['gemini', geminiNamed('default_api:bash')],
  ])('is the tool that was meant: %s, %j', async (wire, event) => {
    expect(
      (await ask(wire, { body: sse(event, ...(wire === 'chat' ? [chunk({}, 'tool_calls')] : [])) })).blocks,
    ).toMatchObject([bash]);
  });

  it('is no tool where none was meant', async () => {
    const { blocks } = await ask('chat', { body: sse(named('functions.rebash'), chunk({}, 'tool_calls')) });
    expect(blocks).toMatchObject([{ type: 'tool_use', name: 'functions.rebash' }]);
  });
});

describe('usage', () => {
  const counts = { prompt_tokens: 5, completion_tokens: 2 };
  const hello = chunk({ content: 'hello' });
  const said = (more: { [key: string]: Json }) => sse(hello, chunk({}, 'stop', more)) + DONE;
  it.each<[string, string, object]>([
    [
      'in the choice',
      sse({ choices: [{ delta: { content: 'hello' }, finish_reason: 'stop', usage: counts }] }) + DONE,
      { input_tokens: 5, output_tokens: 2 },
    ],
    [
      'in a field of the server’s',
      said({ x_groq: { usage: counts } }),
      { input_tokens: 5, output_tokens: 2 },
    ],
    [
      'as text',
      said({ usage: { prompt_tokens: '5', completion_tokens: '2' } }),
      { input_tokens: 5, output_tokens: 2 },
    ],
    [
      'that cannot be',
      said({
        usage: { prompt_tokens: 5, completion_tokens: -2, prompt_tokens_details: { cached_tokens: 9 } },
      }),
      { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 5 },
    ],
  ])('is counted %s', async (_where, body, expected) => {
    expect((await ask('chat', { body })).usage).toMatchObject(expected);
  });

  it('of the vendor’s own wire is a number, whatever a gateway makes of it', async () => {
    const delta = {
      ...(messageDelta('end_turn') as object),
      usage: { input_tokens: '5', output_tokens: 2.4 },
    };
    const body = sse(start, blockStart(0, text('hello')), blockStop(0), delta, stop);
    expect((await ask('anthropic', { body })).usage).toMatchObject({ input_tokens: 5, output_tokens: 2 });
  });
});

it.each<Json>([
  { code: 0, message: 'Success', choices: [] },
  { choices: [], message: '' },
  { choices: [], msg: 'ok' },
])('takes no word that all is well for an error: %j', async (event) => {
  const body = sse(event, chunk({ content: 'hello' }), chunk({}, 'stop')) + DONE;
  expect((await ask('chat', { body })).blocks).toMatchObject([text('hello')]);
});

it('says what an error says that has the fields of an answer, without content', async () => {
  const body = '{"id":"x","choices":null,"usage":null,"msg":"All busy."}';
  expect((await failureOf(ask('chat', { body }))).message).toContain('All busy.');
});
