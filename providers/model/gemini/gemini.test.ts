import path from 'node:path';
import { ApiError } from '@google/genai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { geminiModel } from '../../../core/models/gemini-models.ts';
import type { TranscriptMessage } from '../../../core/session/content.ts';
import { playRecording } from '../../../test/model-recordings/play-recording.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../../test/scripted-model-server/index.ts';
import { modelProviderContract } from '../contract.ts';
import { itReadsRecordings } from '../contract/recordings.ts';
import {
  answerTo,
  asMessage,
  collect,
  failureOf,
  LIMITS,
  makeRequest,
  userSays,
  type ContractSubject,
} from '../contract/subject.ts';
import { toGeminiFailure } from './gemini-failure.ts';
import { createGeminiProvider, type GeminiOptions } from './gemini.ts';

function subjectOf(model: string, options: Partial<GeminiOptions> = {}): ContractSubject {
  return {
    name: `Gemini (${model})`,
    model,
    keepsThinking: true,
    countsEarly: true,
    countsTokens: true,
    streamsArguments: false,
    reportsCacheWrites: false,
    stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal', 'malformed_call'],
    make: ({ url, limits }) =>
      createGeminiProvider({
        baseUrl: url,
        apiKey: 'test-key',
        limits: { ...LIMITS, ...limits },
        traits: geminiModel(model),
        ...options,
      }),
  };
}

modelProviderContract(subjectOf('gemini-4-argon'));
modelProviderContract(subjectOf('gemini-2.5-pro'));

describe('the Gemini adapter', () => {
  let server: ScriptedModelServer;
  beforeAll(async () => {
    server = await startScriptedModelServer({ apiKey: 'test-key' });
  });
  afterAll(async () => {
    await server.close();
  });
  afterEach(() => {
    const violations = server.violations();
    server.reset();
    expect(violations).toEqual([]);
  });
  const subject = subjectOf('gemini-4-argon');
  const body = () => server.ledger().at(-1)?.body as Record<string, unknown>;

  it('takes nothing from the environment', async () => {
    const variables = {
      GEMINI_API_KEY: 'wrong',
      GOOGLE_API_KEY: 'wrong',
      GOOGLE_GENAI_USE_VERTEXAI: 'true',
      GOOGLE_GENAI_USE_ENTERPRISE: 'true',
      GOOGLE_CLOUD_PROJECT: 'leak',
      GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9',
      GOOGLE_GENAI_API_VERSION: 'v9',
    };
    const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
    Object.assign(process.env, variables);
    try {
      server.push({ blocks: [{ type: 'text', text: 'x' }] });
      await collect(subject.make({ url: server.url }), makeRequest(subject));
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    expect(server.ledger().at(-1)?.path).toBe('/v1beta/models/gemini-4-argon:streamGenerateContent');
  });

  it.each([
    ['gemini-4-argon', 'max', { includeThoughts: true, thinkingLevel: 'HIGH' }],
    ['gemini-2.5-pro', 'low', { includeThoughts: true, thinkingBudget: 2_048 }],
    // Of 4,096 tokens some are kept for what is said.
    ['gemini-2.5-pro', 'high', { includeThoughts: true, thinkingBudget: 3_072 }],
    ['gemini-4-argon', undefined, { includeThoughts: true }],
  ] as const)('asks %s at effort %s to think in the way it knows', async (model, effort, expected) => {
    const other = subjectOf(model);
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(
      other.make({ url: server.url }),
      makeRequest(other, effort === undefined ? {} : { effort }),
    );
    expect(body()['generationConfig']).toEqual({ maxOutputTokens: 4_096, thinkingConfig: expected });
  });

  it('gives calls of other vendors’ models a stand-in for the signature that the vendor asks for', async () => {
    const call: TranscriptMessage = {
      role: 'assistant',
      content: ['a', 'b'].map((id) => ({
        type: 'tool_use',
        id: `sevt_${id}`,
        name: 'bash',
        input: {},
        vendor: { provider: 'anthropic', callId: `toolu_${id}` },
      })),
    };
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(
      subject.make({ url: server.url }),
      makeRequest(subject, { messages: [userSays('go'), call, answerTo(call)] }),
    );
    expect(JSON.stringify(body()).split('skip_thought_signature_validator')).toHaveLength(2);
  });

  it('puts results into the order of their calls', async () => {
    const provider = subject.make({ url: server.url });
    const use = (command: string) => ({ type: 'tool_use' as const, name: 'bash', input: { command } });
    server.push({ blocks: [use('a'), use('b'), use('c')] });
    const message = asMessage((await collect(provider, makeRequest(subject))).response);
    const answer = answerTo(message);
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(
      provider,
      makeRequest(subject, {
        messages: [userSays('go'), message, { role: 'user', content: answer.content.toReversed() }],
      }),
    );
  });

  it('sends schemas in the words that the vendor knows', async () => {
    const input_schema = {
      type: 'object',
      allOf: [{ properties: { a: { const: 1 } }, required: ['a'] }],
      properties: {
        b: { type: 'number', exclusiveMinimum: 0, pattern: 'x' },
        c: { $ref: '#/definitions/c' },
      },
      definitions: { c: { type: 'string', minLength: 3 } },
      additionalProperties: false,
    };
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    const tools = [{ name: 't', description: 'd', input_schema }];
    await collect(subject.make({ url: server.url }), makeRequest(subject, { tools }));
    expect(body()['tools']).toMatchObject([
      {
        functionDeclarations: [
          {
            parametersJsonSchema: {
              type: 'object',
              properties: { a: { type: 'integer' }, b: { type: 'number' }, c: { type: 'string' } },
              required: ['a'],
            },
          },
        ],
      },
    ]);
  });

  it('adds configured fields to the body, but never lets them replace the conversation', async () => {
    const extraBody = { generationConfig: { maxOutputTokens: 7 }, contents: [] };
    const other = subjectOf('gemini-4-argon', { extraBody, extraHeaders: { 'x-team': 'blue' } });
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(other.make({ url: server.url }), makeRequest(other));
    expect(body()['generationConfig']).toMatchObject({ maxOutputTokens: 7 });
    expect(server.ledger().at(-1)?.headers['x-team']).toBe('blue');
  });

  it('reads the kind of a failure inside the stream', async () => {
    server.push({
      blocks: [{ type: 'text', text: 'a b c' }],
      fault: { kind: 'error-event', at: 'text', type: 'RESOURCE_EXHAUSTED' },
    });
    const error = await failureOf(collect(subject.make({ url: server.url }), makeRequest(subject)));
    expect(error.code).toBe('model_rate_limited');
  });

  async function read(...answers: object[]) {
    const played = await playRecording({
      head: {
        source: 'written by hand',
        recorded: '2026-11-24',
        path: '/',
        status: 200,
        content_type: 'text/event-stream',
      },
      chunks: answers.map((answer) => ({ ms: 0, chunk: `data: ${JSON.stringify(answer)}\n\n` })),
    });
    try {
      return await collect(subject.make({ url: played.url }), makeRequest(subject));
    } finally {
      await played.close();
    }
  }

  it('reads a blocked prompt as a refusal', async () => {
    const { response } = await read({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } });
    expect(response).toMatchObject({ stop: 'refusal', blocks: [], refusal: { category: null } });
  });

  it.each(['OTHER', 'BLOCKLIST', 'A_REASON_OF_TOMORROW'])(
    'reads a prompt blocked for %s as a refusal',
    async (blockReason) => {
      const { response } = await read({ promptFeedback: { blockReason } });
      expect(response).toMatchObject({ stop: 'refusal', blocks: [] });
      expect(response.refusal?.explanation).toContain(blockReason);
    },
  );

  it.each(['SAFETY', 'RECITATION', 'LANGUAGE', 'IMAGE_SAFETY'])(
    'says that %s stopped an answer',
    async (finishReason) => {
      const { response } = await read({ candidates: [{ finishReason }] });
      expect(response).toMatchObject({ stop: 'refusal' });
      expect(response.refusal?.explanation).toContain(finishReason);
    },
  );

  it.each(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL'])(
    'says of %s that the model wrote a call that is none',
    async (finishReason) => {
      const { response } = await read({ candidates: [{ finishReason }] });
      expect(response).toMatchObject({ stop: 'malformed_call', blocks: [] });
    },
  );

  it('asks for another attempt where the vendor broke off', async () => {
    const error = await failureOf(read({ candidates: [{ finishReason: 'OTHER' }] }));
    expect(error.code).toBe('model_unreachable');
  });

  it('gives no input to arguments that are no object', async () => {
    const { response } = await read({
      candidates: [
        { content: { parts: [{ functionCall: { name: 'bash', args: ['x'] } }] }, finishReason: 'STOP' },
      ],
    });
    expect(response.blocks).toMatchObject([{ type: 'tool_use', input: null, rawInput: '["x"]' }]);
  });

  it('reads the delay that Google names in the details of an error', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.5s' }];
    const message = JSON.stringify({
      error: { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED', details },
    });
    const error = toGeminiFailure(new ApiError({ message, status: 429 }), 'Gemini', undefined);
    expect(error).toMatchObject({ code: 'model_rate_limited', retryAfterMs: 34_500 });
  });

  it('takes a wrong key for what it is, though Google answers 400', () => {
    const message = JSON.stringify({
      error: {
        code: 400,
        message: 'API key not valid. Please pass a valid API key.',
        status: 'INVALID_ARGUMENT',
      },
    });
    expect(toGeminiFailure(new ApiError({ message, status: 400 }), 'Gemini', undefined)).toMatchObject({
      code: 'model_credentials_refused',
    });
  });
});

describe('recorded streams of Gemini', () => {
  itReadsRecordings(subjectOf('gemini-4-argon'), path.join(import.meta.dirname, '__fixtures__'));
});
