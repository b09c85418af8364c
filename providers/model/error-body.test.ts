import { describe, expect, it } from 'vitest';
import type { Json } from '../../core/json.ts';
import { readableRefusal, readErrorBody } from './error-body.ts';

const WORDS = 'the words';

describe('the body of a refusal', () => {
  it.each<[shape: string, body: Json, read: object]>([
    [
      'OpenAI',
      { error: { message: WORDS, type: 't', param: null, code: 'c' } },
      { message: WORDS, type: 't', code: 'c' },
    ],
    ['Anthropic', { type: 'error', error: { type: 't', message: WORDS } }, { message: WORDS, type: 't' }],
    ['Google', { error: { code: 400, message: WORDS, status: 'INVALID_ARGUMENT' } }, { message: WORDS }],
    ['Google’s list', [{ error: { code: 400, message: WORDS, status: 'S' } }], { message: WORDS }],
    [
      'vLLM and SGLang',
      { object: 'error', message: WORDS, type: 'BadRequestError', param: null, code: 400 },
      { message: WORDS, type: 'BadRequestError' },
    ],
    [
      'Mistral',
      { object: 'error', message: WORDS, type: 'invalid_request_error', param: null, code: '3051' },
      { message: WORDS, type: 'invalid_request_error', code: '3051' },
    ],
    [
      'Mistral’s list',
      {
        object: 'error',
        message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'messages', 0], msg: WORDS }] },
        code: null,
      },
      { message: `body.messages.0: ${WORDS}` },
    ],
    ['FastAPI', { detail: WORDS }, { message: WORDS }],
    [
      'FastAPI’s list',
      { detail: [{ loc: ['body', 'max_tokens'], msg: WORDS }] },
      { message: `body.max_tokens: ${WORDS}` },
    ],
    ['AWS', { message: WORDS }, { message: WORDS }],
    [
      'AWS, older',
      { Message: WORDS, __type: 'ValidationException' },
      { message: WORDS, type: 'ValidationException' },
    ],
    [
      'DashScope',
      { code: 'InvalidParameter', message: WORDS, request_id: 'r' },
      { message: WORDS, code: 'InvalidParameter' },
    ],
    ['Z.ai', { error: { code: '1261', message: WORDS } }, { message: WORDS, code: '1261' }],
    ['MiniMax', { base_resp: { status_code: 2013, status_msg: WORDS } }, { message: WORDS }],
    ['TGI', { error: WORDS, error_type: 'validation' }, { message: WORDS }],
    [
      'llama.cpp',
      {
        error: {
          code: 400,
          message: WORDS,
          type: 'exceed_context_size_error',
          n_prompt_tokens: 9000,
          n_ctx: 8192,
        },
      },
      { message: `${WORDS}: n_ctx 8192`, type: 'exceed_context_size_error' },
    ],
    [
      'MiMo',
      { error: { message: 'Param Incorrect', param: 'what it is', code: '400' } },
      { message: 'Param Incorrect: what it is' },
    ],
    [
      'a router',
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: `{"error":{"message":"${WORDS}","code":"c"}}`, provider_name: 'P' },
        },
      },
      { message: `Provider returned error: ${WORDS}`, code: 'c' },
    ],
    [
      'a router, with text',
      { error: { message: 'Provider returned error', code: 400, metadata: { raw: WORDS } } },
      { message: `Provider returned error: ${WORDS}` },
    ],
    ['a string', WORDS, { message: WORDS }],
    ['nothing', {}, {}],
    ['an empty list', [], {}],
    ['null', null, {}],
  ])('is read in the shape of %s', (_shape, body, read) => {
    expect(readErrorBody(body)).toEqual(read);
  });
});

describe('a refusal made readable', () => {
  const rewritten = async (body: string, status = 400) =>
    readableRefusal(new Response(body, { status, headers: { 'retry-after': '7', 'content-length': '3' } }));

  it('has the words where every SDK looks, and everything else as it was', async () => {
    const response = await rewritten(`{"object":"error","message":"${WORDS}","code":400}`, 422);
    expect([response.status, response.headers.get('retry-after')]).toEqual([422, '7']);
    expect(await response.json()).toMatchObject({ object: 'error', error: { message: WORDS } });
  });

  it('keeps what Google says besides', async () => {
    const details = [{ '@type': 'RetryInfo', retryDelay: '7s' }];
    const response = await rewritten(JSON.stringify([{ error: { code: 429, message: WORDS, details } }]));
    expect(await response.json()).toMatchObject({ error: { message: WORDS, details } });
  });

  it('may be no JSON, or nothing', async () => {
    expect(await (await rewritten('<html>no</html>')).json()).toEqual({
      error: { message: '<html>no</html>' },
    });
    expect(await (await rewritten('')).text()).toBe('');
  });

  it('leaves answers alone', async () => {
    const answer = new Response('{"message":"hello"}', { status: 200 });
    expect(await readableRefusal(answer)).toBe(answer);
  });
});
