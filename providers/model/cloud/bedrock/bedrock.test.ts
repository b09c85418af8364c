import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { throughConnection } from '../../../../core/models/connection.ts';
import { createModelCatalog } from '../../../../core/models/model-catalog.ts';
import { awsChunk, awsFrame, startBedrock } from '../../../../test/cloud-doubles/bedrock.ts';
import type { CloudFront } from '../../../../test/cloud-doubles/cloud-front.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../../../test/scripted-model-server/index.ts';
import { modelProviderContract } from '../../contract.ts';
import {
  answerTo,
  asMessage,
  BASH,
  collect,
  failureOf,
  LIMITS,
  makeRequest,
  userSays,
  type ContractSubject,
} from '../../contract/subject.ts';
import type { Reach } from '../../provider-connection.ts';
import type { StreamLimits } from '../../stream-guard.ts';
import { createBedrockProvider } from './bedrock.ts';

const ACCOUNT = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-central-1',
  service: 'bedrock',
};

let bedrock: CloudFront;
beforeAll(async () => {
  bedrock = await startBedrock(ACCOUNT);
});
afterAll(async () => {
  await bedrock.close();
});
beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', ACCOUNT.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', ACCOUNT.secretAccessKey);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
});
afterEach(() => {
  vi.unstubAllEnvs();
  bedrock.requests.length = 0;
});

interface Given {
  url?: string;
  apiKey?: string | null;
  like?: string;
  limits?: Partial<StreamLimits>;
  extraHeaders?: Record<string, string>;
}

function providerOf(model: string, given: Given = {}) {
  const { url = bedrock.url, apiKey = null, limits = {}, extraHeaders = {}, like } = given;
  const connections = { aws: { protocol: 'bedrock' as const, base_url: null } };
  const setting = throughConnection({ id: model, provider: 'aws', ...(like ? { like } : {}) }, connections);
  if (setting === null) throw new Error('no connection');
  const entry = createModelCatalog({ settings: [setting], usable: ['aws'], connections }).resolve(model);
  if (entry === null) throw new Error(`no model ${model}`);
  const reach: Reach = {
    entry,
    connection: {
      protocol: 'bedrock',
      baseUrl: url,
      apiKey,
      timeoutSeconds: 30,
      stallSeconds: 10,
      cloud: { at: 'bedrock', region: ACCOUNT.region, profile: null },
    },
    through: 'aws',
    baseUrl: url,
    apiKey,
    limits: { ...LIMITS, ...limits },
    extraHeaders,
    extraBody: {},
  };
  return createBedrockProvider(reach);
}

modelProviderContract({
  name: 'Claude on Bedrock',
  model: 'claude-opus-5-5',
  keepsThinking: true,
  countsEarly: true,
  countsTokens: false,
  streamsArguments: true,
  reportsCacheWrites: true,
  stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal', 'context_overflow'],
  make({ url, limits }) {
    bedrock.upstream = url;
    return providerOf('claude-opus-5-5', limits === undefined ? {} : { limits });
  },
});

const asked = (model: string) => makeRequest({ model } as ContractSubject);

describe('Claude on Bedrock', () => {
  const CLAUDE = 'eu.anthropic.claude-opus-5-5-v1:0';
  let server: ScriptedModelServer;
  beforeEach(async () => {
    server = await startScriptedModelServer({ onViolation: 'record' });
    server.setDefault({ blocks: [{ type: 'text', text: 'here' }] });
    bedrock.upstream = server.url;
  });
  afterEach(async () => {
    await server.close();
  });

  it.each([
    [CLAUDE, '/model/eu.anthropic.claude-opus-5-5-v1%3A0/invoke-with-response-stream'],
    [
      'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc',
      '/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Aapplication-inference-profile%2Fabc/invoke-with-response-stream',
    ],
  ])('is asked under its name, whatever is in it: %s', async (model, target) => {
    await collect(providerOf(model, { like: 'claude-opus-5-5' }), asked(model));
    expect(bedrock.requests[0]?.target).toBe(target);
  });

  it('is not asked with another secret, which says what can be done', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another');
    const error = await failureOf(collect(providerOf(CLAUDE), asked(CLAUDE)));
    expect(error.code).toBe('model_credentials_refused');
    expect(error.message).toContain('bedrock:InvokeModelWithResponseStream');
    expect(server.ledger()).toEqual([]);
  });

  it('says what can be done where there are no credentials at all', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    const provider = providerOf(CLAUDE);
    const error = await failureOf(collect(provider, asked(CLAUDE)));
    expect(error.code).toBe('model_credentials_refused');
    expect(error.message).toContain('providers.aws.profile');
    expect(bedrock.requests).toEqual([]);
    vi.stubEnv('AWS_ACCESS_KEY_ID', ACCOUNT.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', ACCOUNT.secretAccessKey);
    await collect(provider, asked(CLAUDE));
  });

  it('may be asked again where the clock of this machine was wrong', async () => {
    const words = 'Signature expired: 20261201T000000Z is now earlier than 20261201T005500Z';
    const url = await answering(403, 'InvalidSignatureException', words);
    const error = await failureOf(collect(providerOf(CLAUDE, { url }), asked(CLAUDE)));
    expect(error.code).toBe('model_unreachable');
    expect(error.message).toContain('clock');
  });

  it('shows a key of Bedrock where there is one', async () => {
    const keyed = await startBedrock({ apiKey: 'bedrock-api-key' });
    keyed.upstream = server.url;
    await collect(providerOf(CLAUDE, { url: keyed.url, apiKey: 'bedrock-api-key' }), asked(CLAUDE));
    const wrong = providerOf(CLAUDE, { url: keyed.url, apiKey: 'another' });
    const error = await failureOf(collect(wrong, asked(CLAUDE)));
    expect(error.message).toContain('API key');
    await keyed.close();
  });

  it('does not show the key of the environment where the settings name credentials', async () => {
    vi.stubEnv('AWS_BEARER_TOKEN_BEDROCK', 'of the environment');
    await collect(providerOf(CLAUDE), asked(CLAUDE));
    expect(bedrock.requests[0]?.headers['authorization']).toContain('AWS4-HMAC-SHA256');
  });

  it('has the betas of the settings in the body', async () => {
    const extraHeaders = { 'anthropic-beta': 'context-1m-2025-08-07', 'x-team': 'blue' };
    await collect(providerOf(CLAUDE, { extraHeaders }), asked(CLAUDE));
    const [request] = bedrock.requests;
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ anthropic_beta: ['context-1m-2025-08-07'] });
    expect(request?.headers['x-team']).toBe('blue');
    expect(request?.headers['anthropic-beta']).toBeUndefined();
  });

  it.each([
    ['throttlingException', 'Too many tokens, please wait', 'model_rate_limited'],
    ['modelStreamErrorException', 'The model failed', 'model_unreachable'],
    ['modelTimeoutException', 'The model took too long', 'model_unreachable'],
    ['internalServerException', 'oops', 'model_unreachable'],
    ['serviceUnavailableException', 'busy', 'model_overloaded'],
    ['validationException', 'Input is too long for requested model.', 'model_request_refused'],
  ])('fails as what an exception inside its stream says: %s', async (name, message, code) => {
    const start = awsChunk(
      '{"type":"message_start","message":{"usage":{"input_tokens":1,"output_tokens":0}}}',
    );
    const url = await streaming([start, awsFrame('exception', name, { message })]);
    const error = await failureOf(collect(providerOf(CLAUDE, { url }), asked(CLAUDE)));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    if (code === 'model_request_refused')
      expect(error.details).toEqual({ error_code: 'context_window_exceeded' });
  });

  it.each([
    [424, 'ModelErrorException', 'model_unreachable'],
    [429, 'ModelNotReadyException', 'model_rate_limited'],
    [400, 'ValidationException', 'model_request_refused'],
    [400, 'ServiceQuotaExceededException', 'model_request_refused'],
    [403, 'ExpiredTokenException', 'model_credentials_refused'],
  ])('fails as what a refusal says: %i %s', async (status, name, code) => {
    const url = await answering(status, name, 'words');
    const error = await failureOf(collect(providerOf(CLAUDE, { url }), asked(CLAUDE)));
    expect(error.code).toBe(code);
  });
});

describe('another model on Bedrock', () => {
  const NOVA = 'amazon.nova-pro-v1:0';
  const event = (name: string, body: object) => awsFrame('event', name, body);
  // In the shape of the examples in AWS's reference of ConverseStream.
  const CALL = [
    event('messageStart', { role: 'assistant' }),
    event('contentBlockDelta', {
      contentBlockIndex: 0,
      delta: { reasoningContent: { text: 'Let me see.' } },
    }),
    event('contentBlockStop', { contentBlockIndex: 0 }),
    event('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'I look' } }),
    event('contentBlockDelta', { contentBlockIndex: 1, delta: { text: ' around.' } }),
    event('contentBlockStop', { contentBlockIndex: 1 }),
    event('contentBlockStart', {
      contentBlockIndex: 2,
      start: { toolUse: { toolUseId: 'tooluse_kZJMlvQmRJ6eAyJE5GIl7Q', name: 'bash' } },
    }),
    event('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"comm' } } }),
    event('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: 'and":"ls"}' } } }),
    event('contentBlockStop', { contentBlockIndex: 2 }),
    event('messageStop', { stopReason: 'tool_use' }),
    event('metadata', {
      usage: { inputTokens: 120, outputTokens: 30, totalTokens: 150, cacheReadInputTokens: 7 },
      metrics: { latencyMs: 1275 },
    }),
  ];

  it('is asked by Converse, and its answer goes on after the results', async () => {
    const bodies: string[] = [];
    const url = await streaming(CALL, bodies);
    const provider = providerOf(NOVA, { url });
    const first = await collect(provider, asked(NOVA));
    expect(first.response).toMatchObject({
      stop: 'tool_use',
      usage: { input_tokens: 120, output_tokens: 30, cache_read_input_tokens: 7 },
      blocks: [
        { type: 'thinking' },
        { type: 'text', text: 'I look around.' },
        { type: 'tool_use', name: 'bash', input: { command: 'ls' } },
      ],
    });
    expect(first.previews.get(1)).toBe('I look around.');
    const answered = asMessage(first.response);
    const request = { ...asked(NOVA), messages: [userSays('hi'), answered, answerTo(answered, [], 'error')] };
    await collect(provider, request);
    // Without tools, those of the history have to be there.
    await collect(provider, { ...request, tools: [] });
    const [, second, third] = bodies.map((body) => JSON.parse(body) as Record<string, unknown>);
    expect(second).toEqual({
      system: [{ text: 'You are a test.' }],
      inferenceConfig: { maxTokens: 4_096 },
      messages: [
        { role: 'user', content: [{ text: 'hi' }] },
        {
          role: 'assistant',
          content: [
            { text: 'I look around.' },
            {
              toolUse: {
                toolUseId: 'tooluse_kZJMlvQmRJ6eAyJE5GIl7Q',
                name: 'bash',
                input: { command: 'ls' },
              },
            },
          ],
        },
        {
          role: 'user',
          content: [
            {
              toolResult: {
                toolUseId: 'tooluse_kZJMlvQmRJ6eAyJE5GIl7Q',
                content: [{ text: '(no output)' }],
                status: 'error',
              },
            },
          ],
        },
      ],
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: 'bash',
              description: BASH.description,
              inputSchema: { json: BASH.input_schema },
            },
          },
        ],
      },
    });
    expect(third?.['toolConfig']).toMatchObject({ tools: [{ toolSpec: { name: 'bash' } }] });
  });

  it.each(CALL.slice(0, -2).map((_event, index) => index))(
    'gives no response where its stream ends after event %i',
    async (index) => {
      const url = await streaming(CALL.slice(0, index + 1));
      const error = await failureOf(collect(providerOf(NOVA, { url }), asked(NOVA)));
      expect(error.code).toBe('model_unreachable');
    },
  );

  it.each([
    ['max_tokens', 'max_tokens'],
    ['model_context_window_exceeded', 'context_overflow'],
    ['guardrail_intervened', 'refusal'],
    ['content_filtered', 'refusal'],
    ['malformed_tool_use', 'malformed_call'],
    ['stop_sequence', 'end_turn'],
  ])('stops for the reason that it says: %s', async (word, stop) => {
    const text = event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Well' } });
    const url = await streaming([text, event('messageStop', { stopReason: word })]);
    const { response } = await collect(providerOf(NOVA, { url }), asked(NOVA));
    expect(response.stop).toBe(stop);
  });

  it('fails as what an exception inside its stream says', async () => {
    const url = await streaming([
      ...CALL.slice(0, 4),
      awsFrame('exception', 'throttlingException', { message: 'slow' }),
    ]);
    const error = await failureOf(collect(providerOf(NOVA, { url }), asked(NOVA)));
    expect(error.code).toBe('model_rate_limited');
  });
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function serving(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const answering = (status: number, name: string, message: string) =>
  serving((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': name });
    response.end(JSON.stringify({ message }));
  });

const streaming = (frames: Buffer[], bodies: string[] = []) =>
  serving((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString('utf8')));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
      response.end(Buffer.concat(frames));
    });
  });
