import { describe, expect, it } from 'vitest';
import { chatViolations } from './chat-validate.ts';
import { responsesViolations } from './responses-validate.ts';
import { InputItem } from './responses-request-schema.ts';
import { hiddenThinking } from '../../signatures.ts';

const HEADERS = { 'content-type': 'application/json', authorization: 'Bearer x' };
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

describe('the rules of chat completions', () => {
  const user = { role: 'user', content: 'hi' };
  const call = (id: string, json = '{}') => ({
    id,
    type: 'function',
    function: { name: 'bash', arguments: json },
  });
  const assistant = (...ids: string[]) => ({
    role: 'assistant',
    content: null,
    tool_calls: ids.map((id) => call(id)),
  });
  const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'done' });
  const tool = (parameters: object, name = 'bash') => ({ type: 'function', function: { name, parameters } });
  const issued = new Map([
    ['said', { content: null, calls: [{ name: 'bash', input: {} }], reasoning: 'hm', details: [] }],
  ]);

  function violations(fields: object, headers: Record<string, string> = HEADERS): string[] {
    const body = {
      model: 'gpt-6-sol',
      max_completion_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
      messages: [user],
      ...fields,
    };
    return chatViolations({ method: 'POST', path: '/v1/chat/completions', headers, body }, issued);
  }

  it('let a plain and a rich request pass', () => {
    expect(violations({})).toEqual([]);
    const parts = [
      { type: 'text', text: 'see' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
    ];
    expect(
      violations({
        tools: [tool({ type: 'object', properties: {} })],
        reasoning_effort: 'max',
        messages: [
          { role: 'system', content: 'be good' },
          user,
          assistant('a', 'b'),
          result('b'),
          result('a'),
          { role: 'user', content: parts },
          { role: 'system', content: 'brief' },
        ],
      }),
    ).toEqual([]);
  });

  it.each<[string, object]>([
    ['an unknown field', { temprature: 1 }],
    ['a temperature out of its range', { temperature: 3 }],
    ['both names of the limit', { max_tokens: 1 }],
    [
      'the older name of the limit for a model that reasons',
      { max_tokens: 1, max_completion_tokens: undefined },
    ],
    ['effort for a model that does not reason', { model: 'gpt-4.1', reasoning_effort: 'low' }],
    ['an empty text', { messages: [{ role: 'user', content: '' }] }],
    ['a call without a result', { messages: [user, assistant('a'), user] }],
    ['a result without a call', { messages: [user, result('a')] }],
    ['two results for a call', { messages: [user, assistant('a'), result('a'), result('a')] }],
    ['an id used twice', { messages: [user, assistant('a', 'a'), result('a'), result('a')] }],
    ['a call at the end', { messages: [user, assistant('a')] }],
    ['an answer at the end', { messages: [user, { role: 'assistant', content: 'x' }] }],
    ['an answer at the beginning', { messages: [{ role: 'assistant', content: 'x' }, user] }],
    ['two user messages in a row', { messages: [user, user] }],
    ['an answer with nothing in it', { messages: [user, { role: 'assistant', content: null }, user] }],
    [
      'arguments that are no object',
      { messages: [user, { role: 'assistant', content: null, tool_calls: [call('a', '[]')] }, result('a')] },
    ],
    ['a function name with a dot', { tools: [tool({ type: 'object', properties: {} }, 'a.b')] }],
    [
      'two functions of one name',
      { tools: [tool({ type: 'object', properties: {} }), tool({ type: 'object', properties: {} })] },
    ],
    ['a schema without properties', { tools: [tool({ type: 'object' })] }],
    ['alternatives at the top of a schema', { tools: [tool({ type: 'object', properties: {}, anyOf: [] })] }],
    ['an array without items', { tools: [tool({ type: 'object', properties: { a: { type: 'array' } } })] }],
    [
      'an image that is none',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
          },
        ],
      },
    ],
    ['reasoning that was left out of its tool loop', { messages: [user, assistant('said'), result('said')] }],
    [
      'reasoning that was changed',
      { messages: [user, { ...assistant('said'), reasoning_content: 'ha' }, result('said')] },
    ],
    [
      'calls that were changed',
      {
        messages: [
          user,
          { ...assistant('said'), reasoning_content: 'hm', tool_calls: [call('said', '{"a":1}')] },
          result('said'),
        ],
      },
    ],
    ['lone surrogates', { messages: [{ role: 'user', content: '\ud83d' }] }],
  ])('refuse %s', (_name, fields) => {
    expect(violations(fields)).not.toEqual([]);
  });

  it('refuse a request without credentials, and let one pass that comes back as it was given', () => {
    expect(violations({}, { 'content-type': 'application/json' })).not.toEqual([]);
    expect(
      violations({ messages: [user, { ...assistant('said'), reasoning_content: 'hm' }, result('said')] }),
    ).toEqual([]);
  });
});

describe('the rules of the Responses API', () => {
  const user = { type: 'message', role: 'user', content: 'hi' };
  const said = { type: 'message', role: 'assistant', content: 'hello' };
  const call = (id: string, json = '{}') => ({
    type: 'function_call',
    call_id: id,
    name: 'bash',
    arguments: json,
  });
  const output = (id: string, value: unknown = 'done') => ({
    type: 'function_call_output',
    call_id: id,
    output: value,
  });
  const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: hiddenThinking(1) };
  const issued = new Map<string, InputItem[]>([
    ['known', [InputItem.parse(reasoning), InputItem.parse(call('known'))]],
  ]);

  function violations(fields: object): string[] {
    const body = {
      model: 'gpt-6-sol',
      max_output_tokens: 100,
      stream: true,
      store: false,
      include: ['reasoning.encrypted_content'],
      input: [user],
      ...fields,
    };
    return responsesViolations({ method: 'POST', path: '/v1/responses', headers: HEADERS, body }, issued);
  }

  it('let a plain and a rich request pass', () => {
    expect(violations({})).toEqual([]);
    const image = { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PIXEL}` };
    expect(
      violations({
        reasoning: { effort: 'low', summary: 'auto' },
        input: [
          user,
          reasoning,
          call('known'),
          output('known', [image]),
          said,
          user,
          { type: 'message', role: 'developer', content: 'x' },
        ],
      }),
    ).toEqual([]);
  });

  it.each<[string, object]>([
    ['storing', { store: true }],
    ['a tiny limit', { max_output_tokens: 1 }],
    ['reasoning that would be lost', { include: undefined }],
    ['reasoning for a model without', { model: 'gpt-4.1', reasoning: { summary: 'auto' } }],
    ['a call without an output', { input: [user, call('a'), user] }],
    ['an output without a call', { input: [user, output('a')] }],
    ['an id used twice', { input: [user, call('a'), call('a'), output('a'), output('a')] }],
    ['an answer at the end', { input: [user, said] }],
    ['an answer at the beginning', { input: [said, user] }],
    ['reasoning that nothing follows', { input: [user, reasoning, user] }],
    [
      'encrypted reasoning that was changed',
      { input: [user, { ...reasoning, encrypted_content: 'x' }, said, user] },
    ],
    ['reasoning that was left out', { input: [user, call('known'), output('known')] }],
    ['a call that was changed', { input: [user, reasoning, call('known', '{"a":1}'), output('known')] }],
    ['an unknown kind of item', { input: [user, { type: 'weather' }] }],
  ])('refuse %s', (_name, fields) => {
    expect(violations(fields)).not.toEqual([]);
  });
});
