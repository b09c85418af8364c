import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openAiModels } from '../../../core/models/openai-models.ts';
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
import { createOpenAiProvider, type OpenAiOptions } from './openai.ts';

function traitsOf(model: string): OpenAiOptions['traits'] {
  const entry = openAiModels().find(({ id }) => id === model);
  if (entry === undefined) throw new Error(`no model ${model}`);
  return entry;
}

function subjectOf(name: string, model: string, options: Partial<OpenAiOptions>): ContractSubject {
  return {
    name,
    model,
    keepsThinking: true,
    countsEarly: false,
    countsTokens: options.api === 'responses',
    streamsArguments: true,
    reportsCacheWrites: true,
    stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal'],
    make: ({ url, limits }) =>
      createOpenAiProvider({
        baseUrl: `${url}/v1`,
        apiKey: 'test-key',
        limits: { ...LIMITS, ...limits },
        traits: traitsOf(model),
        ...options,
      }),
  };
}

const COMPATIBLE = subjectOf('a compatible server', 'gpt-4.1', { api: 'chat_completions' });
const CHAT = subjectOf('OpenAI chat completions', 'gpt-6.1-sol', {
  api: 'chat_completions',
  dialect: 'openai',
});
const RESPONSES = subjectOf('OpenAI responses', 'gpt-6.1-sol', { api: 'responses' });

for (const subject of [COMPATIBLE, CHAT, RESPONSES]) modelProviderContract(subject);

describe('the OpenAI adapters', () => {
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
  const body = () => server.ledger().at(-1)?.body as Record<string, unknown>;

  it.each([CHAT, RESPONSES])('take nothing from the environment: $name', async (subject) => {
    const variables = {
      OPENAI_BASE_URL: 'http://127.0.0.1:9',
      OPENAI_API_KEY: 'wrong',
      OPENAI_ADMIN_KEY: 'wrong',
      OPENAI_ORG_ID: 'org-leak',
      OPENAI_PROJECT_ID: 'project-leak',
      OPENAI_CUSTOM_HEADERS: 'X-Leak: yes\nAuthorization: Bearer wrong',
      OPENAI_LOG: 'debug',
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
    expect(JSON.stringify(server.ledger().at(-1)?.headers)).not.toMatch(/leak/i);
  });

  it('send the query of their address with each request, as older APIs of Azure want it', async () => {
    const asked: (string | undefined)[] = [];
    const http = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(404).end();
    });
    await once(http.listen(0, '127.0.0.1'), 'listening');
    const { port } = http.address() as AddressInfo;
    const url = `http://127.0.0.1:${String(port)}/openai/deployments/d?api-version=2026-01-01`;
    const provider = createOpenAiProvider({
      baseUrl: url,
      apiKey: null,
      api: 'chat_completions',
      limits: LIMITS,
      traits: traitsOf('gpt-4.1'),
    });
    await failureOf(collect(provider, makeRequest(CHAT)));
    http.close();
    expect(asked).toEqual(['/openai/deployments/d/chat/completions?api-version=2026-01-01']);
  });

  it.each([CHAT, RESPONSES])('convert schemas that the vendor refuses: $name', async (subject) => {
    const input_schema = {
      type: 'object',
      anyOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: { type: 'array' } } }],
    };
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    const tools = [
      { name: 't', description: 'd', input_schema },
      { name: 'none', description: 'd', input_schema: { type: 'object' } },
    ];
    await collect(subject.make({ url: server.url }), makeRequest(subject, { tools }));
    expect(JSON.stringify(body()['tools'])).toContain('"b":{"type":"array","items":{"anyOf":[');
  });

  it('send reasoning back within a tool loop, and leave it out once the user has spoken again', async () => {
    const provider = CHAT.make({ url: server.url });
    server.push({
      blocks: [
        { type: 'thinking', text: 'first I look' },
        { type: 'tool_use', name: 'bash', input: {} },
      ],
    });
    const message = asMessage((await collect(provider, makeRequest(CHAT))).response);
    const messages = [userSays('hello'), message, answerTo(message)];
    server.push({ blocks: [{ type: 'text', text: 'seen' }] });
    const said = asMessage((await collect(provider, makeRequest(CHAT, { messages }))).response);
    expect(JSON.stringify(body())).toContain('first I look');
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(provider, makeRequest(CHAT, { messages: [...messages, said, userSays('next')] }));
    expect(JSON.stringify(body())).not.toContain('first I look');
  });

  it.each([CHAT, RESPONSES])('tell a full window from the limit of the answer: $name', async (subject) => {
    server.push({
      blocks: [{ type: 'text', text: 'so far' }],
      stop: 'context_overflow',
      usage: { input_tokens: 1_049_000, output_tokens: 1_000 },
    });
    const { response } = await collect(subject.make({ url: server.url }), makeRequest(subject));
    expect(response.stop).toBe('context_overflow');
  });

  it.each([CHAT, RESPONSES])('tell a used-up quota from a passing limit: $name', async (subject) => {
    server.push({ fault: { kind: 'status', status: 429, type: 'insufficient_quota' } });
    const error = await failureOf(collect(subject.make({ url: server.url }), makeRequest(subject)));
    expect(error.code).toBe('model_billing');
  });

  it.each([CHAT, RESPONSES])('read the kind of a failure inside the stream: $name', async (subject) => {
    server.push({
      blocks: [{ type: 'text', text: 'a b c' }],
      fault: { kind: 'error-event', at: 'text', type: 'rate_limit_exceeded' },
    });
    const error = await failureOf(collect(subject.make({ url: server.url }), makeRequest(subject)));
    expect(error.code).toBe('model_rate_limited');
  });

  it('ask for the effort that the model knows, each in its place', async () => {
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(CHAT.make({ url: server.url }), makeRequest(CHAT, { effort: 'max' }));
    expect(body()['reasoning_effort']).toBe('max');
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(RESPONSES.make({ url: server.url }), makeRequest(RESPONSES, { effort: 'low' }));
    expect(body()['reasoning']).toEqual({ summary: 'auto', effort: 'low' });
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(COMPATIBLE.make({ url: server.url }), makeRequest(COMPATIBLE, { effort: 'high' }));
    expect(body()['reasoning_effort']).toBeUndefined();
  });

  it('leave reasoning out that nothing follows, as an answer that was cut off has it', async () => {
    const provider = RESPONSES.make({ url: server.url });
    server.push({ blocks: [{ type: 'thinking', text: 'hm' }], stop: 'max_tokens' });
    const message = asMessage((await collect(provider, makeRequest(RESPONSES))).response);
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(provider, makeRequest(RESPONSES, { messages: [userSays('a'), message, userSays('b')] }));
  });
});

describe('servers that speak chat completions in their own way', () => {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const call = (fields: object, name: string, json: string) => ({
    tool_calls: [{ ...fields, type: 'function', function: { name, arguments: json } }],
  });

  async function read(chunks: string[], request: Partial<Parameters<typeof makeRequest>[1]> = {}) {
    const played = await playRecording({
      head: {
        source: 'written by hand',
        recorded: '2026-11-24',
        path: '/v1/chat/completions',
        status: 200,
        content_type: 'text/event-stream',
      },
      chunks: chunks.map((text) => ({ ms: 0, chunk: text })),
    });
    try {
      return await collect(COMPATIBLE.make({ url: played.url }), makeRequest(COMPATIBLE, request));
    } finally {
      await played.close();
    }
  }

  it('give calls without ids, with one index for all, or whole in one piece', async () => {
    const { response } = await read([
      chunk(call({ index: 0, id: 'a' }, 'bash', '{"command":"1"}')),
      chunk(call({ index: 0, id: 'b' }, 'bash', '{"command":')),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"2"}' } }] }),
      chunk(call({ index: 1, id: '' }, 'bash', '{"command":"3"}'), 'stop'),
      'data: [DONE]\n\n',
    ]);
    expect(response.stop).toBe('tool_use');
    expect(response.blocks).toMatchObject([
      { input: { command: '1' }, vendor: { callId: 'a' } },
      { input: { command: '2' }, vendor: { callId: 'b' } },
      { input: { command: '3' }, vendor: { callId: null } },
    ]);
  });

  it('report no usage: then it is estimated', async () => {
    const { response } = await read([
      chunk({ content: 'Hello there, how are you?' }),
      chunk({}, 'stop'),
      'data: [DONE]\n\n',
    ]);
    expect(response.usage.input_tokens).toBeGreaterThan(10);
    expect(response.usage.output_tokens).toBeGreaterThan(3);
  });

  it('end without [DONE]', async () => {
    const { response } = await read([chunk({ content: 'Hi' }), chunk({}, 'stop')]);
    expect(response.blocks).toEqual([{ type: 'text', text: 'Hi' }]);
  });

  it('give up in the middle with a reason of their own', async () => {
    for (const reason of ['error', 'abort']) {
      const error = await failureOf(read([chunk({ content: 'Hi' }), chunk({}, reason), 'data: [DONE]\n\n']));
      expect(error.code).toBe('model_unreachable');
    }
  });

  it('put an error with a status into the stream', async () => {
    const error = await failureOf(
      read([
        chunk({ content: 'Hi' }),
        `data: ${JSON.stringify({ error: { message: 'busy', code: 429 } })}\n\n`,
      ]),
    );
    expect(error.code).toBe('model_rate_limited');
    expect(error.message).toContain('busy');
  });

  it('stream reasoning as details, whose pieces add up', async () => {
    const detail = (fields: object) =>
      chunk({ reasoning_details: [{ type: 'reasoning.text', index: 0, ...fields }] });
    const { response } = await read([
      detail({ text: 'one ', format: 'f' }),
      detail({ text: 'two', signature: 's' }),
      chunk({ content: 'x' }, 'stop'),
    ]);
    expect(response.blocks[0]).toMatchObject({
      type: 'thinking',
      opaque: {
        data: {
          reasoning_details: [
            { type: 'reasoning.text', index: 0, text: 'one two', format: 'f', signature: 's' },
          ],
        },
      },
    });
  });

  it('never got a PDF that they cannot read', async () => {
    const messages: TranscriptMessage[] = [
      {
        role: 'user',
        content: [
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
        ],
      },
    ];
    const provider = createOpenAiProvider({
      baseUrl: 'http://127.0.0.1:9/v1',
      apiKey: null,
      limits: LIMITS,
      traits: { ...traitsOf('gpt-4.1'), pdf: false },
    });
    const error = await failureOf(collect(provider, makeRequest(COMPATIBLE, { messages })));
    expect(error.code).toBe('model_request_refused');
  });
});

describe('recorded streams of OpenAI’s APIs', () => {
  const folder = path.join(import.meta.dirname, '__fixtures__');
  itReadsRecordings(COMPATIBLE, path.join(folder, 'chat'));
  itReadsRecordings(RESPONSES, path.join(folder, 'responses'));
});
