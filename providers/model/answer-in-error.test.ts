import { describe, expect, it } from 'vitest';
import { ask, chunk, sse, type Json } from './contract/raw-answers.ts';

type Body = { [key: string]: Json };
/** `undefined`: as an event of a stream that has begun. */
type Case = [who: string, wire: string, status: number | undefined, body: Body];

const BEGUN: Record<string, string> = {
  chat: sse(chunk({ role: 'assistant', content: 'Let me ' })),
  anthropic: sse({
    type: 'message_start',
    message: { id: 'm1', model: 'm', content: [], usage: { input_tokens: 7, output_tokens: 1 } },
  }),
};

function answered([, wire, status, body]: Case) {
  const answer =
    status === undefined
      ? { body: (BEGUN[wire] ?? '') + sse(body) }
      : { status, type: 'application/json', body: JSON.stringify(body) };
  return ask(wire, answer);
}

/** What was said before the error is kept. */
const begunBlocks = ([, wire, status]: Case) =>
  status === undefined && wire === 'chat' ? [{ type: 'text', text: 'Let me ' }] : [];

const error = (fields: Body): Body => ({ error: fields });
const GROQ = error({
  message: "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
  type: 'invalid_request_error',
  code: 'tool_use_failed',
  failed_generation: '<function=web_search{"query": "x"}</function>',
  status_code: 400,
});

describe('a call that the server could not read', () => {
  it.each<Case>([
    ['Groq', 'chat', 400, GROQ],
    ['Groq, in a stream', 'chat', undefined, GROQ],
    [
      'Groq, of another tool',
      'chat',
      400,
      error({
        message:
          "tool call validation failed: attempted to call tool 'bash.run' which was not in request.tools",
        code: 'tool_use_failed',
      }),
    ],
    [
      'Groq, of the output',
      'chat',
      400,
      error({
        message: 'Parsing failed. The model generated output that could not be parsed.',
        code: 'output_parse_failed',
      }),
    ],
    [
      'Groq behind LiteLLM',
      'chat',
      400,
      error({
        message:
          'litellm.BadRequestError: GroqException - {"error":{"message":"Failed to parse tool call arguments as JSON","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"import csv"}}',
        code: '400',
      }),
    ],
    [
      'Ollama',
      'chat',
      500,
      error({
        message: 'error parsing tool call: raw=\'{"input":"x"}]\', err=invalid character \']\'',
        type: 'api_error',
      }),
    ],
    ['Ollama, in a stream', 'chat', undefined, { error: "error parsing tool call: raw='ls -R', err=x" }],
    [
      'llama.cpp',
      'chat',
      500,
      error({
        code: 500,
        message: 'Failed to parse input at pos 1360: <tool_call>\n<function=write>',
        type: 'server_error',
      }),
    ],
    [
      'vLLM with gpt-oss',
      'chat',
      undefined,
      error({
        message: 'unexpected tokens remaining in message header: Some("to=functions.bash")',
        type: 'InternalServerError',
        code: 500,
      }),
    ],
    [
      'Bedrock’s Nova behind a proxy',
      'chat',
      424,
      error({
        message:
          'BedrockException - Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting guide.',
      }),
    ],
  ])('is answered as one: %s', async (...given) => {
    const response = await answered(given);
    expect(response).toMatchObject({ blocks: begunBlocks(given), stop: 'malformed_call' });
    expect(response.said).toBeTruthy();
  });

  it('is told with what the model wrote', async () => {
    const { said } = await answered(['', 'chat', 400, GROQ]);
    expect(said).toContain('<function=web_search{"query": "x"}</function>');
  });
});

describe('a filter that stopped a prompt or an answer', () => {
  it.each<Case>([
    [
      'Azure',
      'chat',
      400,
      error({
        message:
          "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: {} },
      }),
    ],
    [
      'Azure by Responses',
      'responses',
      400,
      error({ message: 'The prompt was filtered.', code: 'content_filter' }),
    ],
    [
      'Azure behind LiteLLM',
      'chat',
      400,
      error({
        message:
          "litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        code: '400',
      }),
    ],
    [
      'OpenAI',
      'responses',
      400,
      error({
        message:
          'Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt.',
        type: 'invalid_request_error',
        code: 'invalid_prompt',
      }),
    ],
    [
      'OpenAI, in the last event',
      'responses',
      undefined,
      {
        type: 'response.failed',
        response: {
          id: 'r',
          status: 'failed',
          output: [],
          error: { code: 'content_filter', message: 'Filtered.' },
        },
      },
    ],
    [
      'Anthropic',
      'anthropic',
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' },
      },
    ],
    [
      'Anthropic, in a stream',
      'anthropic',
      undefined,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' },
      },
    ],
    [
      'xAI',
      'chat',
      403,
      {
        code: 'The caller does not have permission to execute the specified operation',
        error: 'Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO',
      },
    ],
    [
      'OpenRouter',
      'chat',
      403,
      error({
        code: 403,
        message:
          'openai/gpt-4o requires moderation on OpenAI. Your input was flagged for "violence". No credits were charged.',
        metadata: { reasons: ['violence'], flagged_input: 'x' },
      }),
    ],
    [
      'DeepSeek',
      'chat',
      400,
      error({ message: 'Content Exists Risk', type: 'invalid_request_error', code: 'invalid_request_error' }),
    ],
    ['DeepSeek, as a detail', 'chat', 400, { detail: 'Content Exists Risk' }],
    [
      'Kimi',
      'chat',
      400,
      error({
        code: 400,
        message: 'The request was rejected because it was considered high risk',
        param: 'prompt',
        type: 'content_filter',
      }),
    ],
    [
      'Qwen',
      'chat',
      400,
      error({
        code: 'data_inspection_failed',
        message:
          '<400> InternalError.Algo.DataInspectionFailed: Input data may contain inappropriate content.',
        type: 'data_inspection_failed',
      }),
    ],
    [
      'Qwen, of its answer',
      'chat',
      undefined,
      error({ message: 'Output data may contain inappropriate content.' }),
    ],
    [
      'GLM',
      'chat',
      400,
      error({ code: '1301', message: '系统检测到输入或生成内容可能包含不安全或敏感内容' }),
    ],
    [
      'MiniMax, with status 200',
      'chat',
      200,
      { base_resp: { status_code: 1026, status_msg: 'input new_sensitive' } },
    ],
    ['MiniMax', 'chat', 422, error({ type: 'bad_request', message: 'output new_sensitive (1027)' })],
    [
      'gateways of new-api',
      'chat',
      400,
      error({
        message: 'input contains sensitive words: [test]',
        type: 'new_api_error',
        code: 'sensitive_words_detected',
      }),
    ],
    [
      'Vertex AI',
      'gemini',
      400,
      error({
        code: 400,
        message:
          "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI practices.",
        status: 'INVALID_ARGUMENT',
      }),
    ],
  ])('is a refusal of the model, said in its words: %s', async (...given) => {
    const response = await answered(given);
    expect(response).toMatchObject({ blocks: begunBlocks(given), stop: 'refusal' });
    expect(response.refusal?.explanation).toBeTruthy();
  });

  it('has the category that the code names', async () => {
    const body = error({ code: 'cyber_policy', message: 'Flagged for possible cybersecurity risk.' });
    const { stop, refusal } = await answered(['', 'responses', 403, body]);
    expect({ stop, refusal }).toMatchObject({ stop: 'refusal', refusal: { category: 'cyber' } });
  });

  it('costs what was counted by then', async () => {
    const body = { type: 'error', error: { message: 'Output blocked by content filtering policy' } };
    expect((await answered(['', 'anthropic', undefined, body])).usage.input_tokens).toBe(7);
  });
});

describe('what only looks like an answer', () => {
  it.each<[who: string, status: number, body: Body, code: string]>([
    [
      'xAI’s accounts',
      403,
      { code: 'permission-denied', error: 'Access to the chat endpoint is denied' },
      'model_credentials_refused',
    ],
    ['a key', 401, error({ message: 'content_filter' }), 'model_credentials_refused'],
    ['a rate', 429, error({ code: 'content_filter', message: 'Slow down.' }), 'model_rate_limited'],
    [
      'a prompt of another kind',
      400,
      error({ code: 'invalid_prompt', message: 'Invalid prompt: expected a list.' }),
      'model_request_refused',
    ],
    [
      'arguments in the history',
      500,
      error({ message: 'Failed to parse tool call arguments as JSON: parse error at line 1' }),
      'model_unreachable',
    ],
  ])('is a failure: %s', async (_who, status, body, code) => {
    await expect(
      ask('chat', { status, type: 'application/json', body: JSON.stringify(body) }),
    ).rejects.toMatchObject({ code });
  });
});
