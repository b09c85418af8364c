import { describe, expect, it } from 'vitest';
import { claudeModel } from '../../../../core/models/claude-models.ts';
import { signatureOf } from '../../signatures.ts';
import { createIssuedAnswers } from './issued.ts';
import { anthropicViolations } from './validate.ts';

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const HEADERS = {
  'content-type': 'application/json',
  'anthropic-version': '2026-10-21',
  authorization: 'Bearer x',
};
const text = (value: string) => ({ type: 'text', text: value });
const user = (...content: object[]) => ({ role: 'user', content });
const assistant = (...content: object[]) => ({ role: 'assistant', content });
const call = (id: string) => ({ type: 'tool_use', id, name: 'bash', input: {} });
const result = (id: string, fields: object = {}) => ({ type: 'tool_result', tool_use_id: id, ...fields });
const marker = { cache_control: { type: 'ephemeral' } };

function violations(fields: object, headers: Record<string, string> = HEADERS, method = 'POST'): string[] {
  const body = {
    model: 'claude-opus-5-5',
    max_tokens: 100,
    stream: true,
    messages: [user(text('hi'))],
    ...fields,
  };
  return anthropicViolations({ method, path: '/v1/messages', headers, body }, createIssuedAnswers());
}

const CLAUDE_BYTES = claudeModel('claude-opus-5-5').images?.maxBytes ?? 0;
const pictureOf = (bytes: number) => {
  const data = Buffer.alloc(bytes);
  Buffer.from(PIXEL, 'base64').copy(data);
  return {
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: data.toString('base64') },
  };
};

describe('the rules of the Messages API', () => {
  it('let a plain and a rich request pass', () => {
    expect(violations({})).toEqual([]);
    expect(
      violations({
        system: [{ ...text('be good'), ...marker }],
        tools: [{ name: 'bash', description: 'x', input_schema: { type: 'object' } }],
        thinking: { type: 'adaptive', display: 'summarized' },
        output_config: { effort: 'max' },
        metadata: { user_id: 'u' },
        messages: [
          user(text('hi'), {
            type: 'image',
            source: { type: 'base64', media_type: 'image/png', data: PIXEL },
          }),
          { role: 'system', content: [text('brief')] },
          assistant({ type: 'thinking', thinking: 'hm', signature: signatureOf('hm') }, call('a'), call('b')),
          user(
            result('a'),
            { ...result('b', { is_error: true, content: [text('no')] }), ...marker },
            text('and'),
          ),
        ],
      }),
    ).toEqual([]);
  });

  it('let an image pass that is as large as the catalogue lets images of Claude be', () => {
    expect(violations({ messages: [user(pictureOf(CLAUDE_BYTES))] })).toEqual([]);
  });

  it.each<[string, object]>([
    ['an unknown field', { temprature: 1 }],
    ['a temperature out of its range', { temperature: 3 }],
    ['no streaming', { stream: false }],
    ['no tokens', { max_tokens: 0 }],
    ['no messages', { messages: [] }],
    ['an assistant message first', { messages: [assistant(text('hi'))] }],
    ['two user messages in a row', { messages: [user(text('a')), user(text('b'))] }],
    ['an empty message', { messages: [user()] }],
    ['an empty text', { messages: [user(text(''))] }],
    ['a text of white space', { messages: [user(text(' \n'))] }],
    ['a tool use without a result', { messages: [user(text('a')), assistant(call('x')), user(text('b'))] }],
    ['a tool use at the end', { messages: [user(text('a')), assistant(call('x'))] }],
    ['a result without a tool use', { messages: [user(text('a'), result('x'))] }],
    [
      'two results for one tool use',
      { messages: [user(text('a')), assistant(call('x')), user(result('x'), result('x'))] },
    ],
    [
      'a result after a text',
      { messages: [user(text('a')), assistant(call('x')), user(text('b'), result('x'))] },
    ],
    ['an id used twice', { messages: [user(text('a')), assistant(call('x'), call('x')), user(result('x'))] }],
    [
      'an id with strange characters',
      { messages: [user(text('a')), assistant(call('x:y')), user(result('x:y'))] },
    ],
    [
      'an error result without content',
      { messages: [user(text('a')), assistant(call('x')), user(result('x', { is_error: true }))] },
    ],
    [
      'an error result with an image',
      {
        messages: [
          user(text('a')),
          assistant(call('x')),
          user(
            result('x', {
              is_error: true,
              content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } }],
            }),
          ),
        ],
      },
    ],
    ['a system message first', { messages: [{ role: 'system', content: [text('x')] }, user(text('a'))] }],
    [
      'a system message before a user message',
      { messages: [user(text('a')), { role: 'system', content: [text('x')] }, user(text('b'))] },
    ],
    [
      'a system message for a model that takes none',
      { model: 'claude-sonnet-4-6', messages: [user(text('a')), { role: 'system', content: [text('x')] }] },
    ],
    [
      'a changed signature',
      {
        messages: [
          user(text('a')),
          assistant({ type: 'thinking', thinking: 'hm', signature: 'x' }),
          user(text('b')),
        ],
      },
    ],
    [
      'changed hidden thinking',
      { messages: [user(text('a')), assistant({ type: 'redacted_thinking', data: 'x' }), user(text('b'))] },
    ],
    [
      'five cache markers',
      { messages: [user(...Array.from({ length: 5 }, () => ({ ...text('a'), ...marker })))] },
    ],
    ['two tools of one name', { tools: [1, 2].map(() => ({ name: 'a', input_schema: { type: 'object' } })) }],
    ['a tool name with a dot', { tools: [{ name: 'a.b', input_schema: { type: 'object' } }] }],
    ['a schema of another type', { tools: [{ name: 'a', input_schema: { type: 'string' } }] }],
    ['an image beyond 5 MiB in base64', { messages: [user(pictureOf(CLAUDE_BYTES + 1))] }],
    [
      'an image that is none',
      {
        messages: [
          user({ type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: PIXEL } }),
        ],
      },
    ],
    [
      'a thinking budget for a model that decides by itself',
      { max_tokens: 9_000, thinking: { type: 'enabled', budget_tokens: 2_000 } },
    ],
    ['adaptive thinking for a model without', { model: 'claude-haiku-4-5', thinking: { type: 'adaptive' } }],
    [
      'a budget above the limit',
      { model: 'claude-haiku-4-5', max_tokens: 1_500, thinking: { type: 'enabled', budget_tokens: 2_000 } },
    ],
    ['effort for a model without', { model: 'claude-haiku-4-5', output_config: { effort: 'low' } }],
    ['fast mode without its header', { speed: 'fast' }],
    ['lone surrogates', { messages: [user(text('\ud83d'))] }],
  ])('refuse %s', (_name, fields) => {
    expect(violations(fields)).not.toEqual([]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['no version', { 'content-type': 'application/json', authorization: 'x' }, 'POST'],
    ['no credentials', { 'content-type': 'application/json', 'anthropic-version': '2026-10-21' }, 'POST'],
    ['another content type', { ...HEADERS, 'content-type': 'text/plain' }, 'POST'],
    ['another method', HEADERS, 'PUT'],
  ])('refuse %s', (_name, headers, method) => {
    expect(violations({}, headers, method)).not.toEqual([]);
  });

  it('notice an answer that comes back other than it was given', () => {
    const issued = createIssuedAnswers();
    issued.remember([
      { type: 'thinking', thinking: 'hm', signature: signatureOf('hm') },
      { type: 'text', text: 'I look.' },
      { type: 'tool_use', id: 'x', name: 'bash', input: { command: 'ls' } },
    ]);
    const check = (...said: object[]) =>
      anthropicViolations(
        {
          method: 'POST',
          path: '/v1/messages',
          headers: HEADERS,
          body: {
            model: 'claude-opus-5-5',
            max_tokens: 9,
            stream: true,
            messages: [user(text('a')), assistant(...said), user(result('x'))],
          },
        },
        issued,
      );
    const thinking = { type: 'thinking', thinking: 'hm', signature: signatureOf('hm') };
    const use = { ...call('x'), input: { command: 'ls' } };
    expect(check(thinking, text('I look.'), use)).toEqual([]);
    expect(check(text('I look.'), use)).not.toEqual([]);
    expect(check(thinking, text('I looked.'), use)).not.toEqual([]);
    expect(check(thinking, text('I look.'), { ...use, input: { command: 'rm' } })).not.toEqual([]);
    expect(check(thinking, use, text('I look.'))).not.toEqual([]);
  });
});
