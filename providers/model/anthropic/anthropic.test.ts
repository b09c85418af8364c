import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { claudeModel } from '../../../core/models/claude-models.ts';
import { createModelCatalog } from '../../../core/models/model-catalog.ts';
import type { TranscriptMessage } from '../../../core/session/content.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../../test/scripted-model-server/index.ts';
import { modelProviderContract } from '../contract.ts';
import { itReadsRecordings } from '../contract/recordings.ts';
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
} from '../contract/subject.ts';
import { createAnthropicProvider, type AnthropicOptions } from './anthropic.ts';

function subjectOf(model: string, options: Partial<AnthropicOptions> = {}): ContractSubject {
  return {
    name: 'Anthropic',
    model,
    keepsThinking: true,
    countsEarly: true,
    countsTokens: true,
    streamsArguments: true,
    reportsCacheWrites: true,
    stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal', 'context_overflow'],
    make: ({ url, limits }) =>
      createAnthropicProvider({
        baseUrl: url,
        apiKey: 'test-key',
        limits: { ...LIMITS, ...limits },
        traits: claudeModel(model),
        ...options,
      }),
  };
}

modelProviderContract(subjectOf('claude-opus-5-5'));

describe('the Anthropic adapter', () => {
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

  it('takes nothing from the environment variables that point clients at this service', async () => {
    const variables = {
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
      ANTHROPIC_API_KEY: 'wrong',
      ANTHROPIC_AUTH_TOKEN: 'wrong',
      ANTHROPIC_CUSTOM_HEADERS:
        'Authorization: Bearer wrong\nX-Leak: yes\nanthropic-beta: leaked-beta\nanthropic-version: 1999-01-01',
      ANTHROPIC_LOG: 'debug',
    };
    const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
    Object.assign(process.env, variables);
    try {
      const subject = subjectOf('claude-opus-5-5', { extraHeaders: { 'x-team': 'blue' } });
      server.push({ blocks: [{ type: 'text', text: 'x' }] });
      await collect(subject.make({ url: server.url }), makeRequest(subject));
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    const headers = server.ledger().at(-1)?.headers ?? {};
    expect(headers['x-leak']).toBeUndefined();
    expect(headers['anthropic-beta']).toBeUndefined();
    expect(headers['anthropic-version']).toBe('2026-10-21');
    expect(headers['x-team']).toBe('blue');
  });

  it('adds configured fields to the body, but never lets them replace the messages', async () => {
    const subject = subjectOf('claude-opus-5-5', {
      extraBody: { metadata: { user_id: 'team-7' }, stream: false, messages: [] },
    });
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(subject.make({ url: server.url }), makeRequest(subject));
    expect(body()).toMatchObject({ metadata: { user_id: 'team-7' }, stream: true });
    expect(body()['messages']).not.toEqual([]);
  });

  it.each([
    [
      'claude-opus-5-5',
      'max',
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'max' } },
    ],
    [
      'claude-opus-4-6',
      'xhigh',
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
    ],
    ['claude-haiku-4-5', 'high', { thinking: { type: 'enabled', budget_tokens: 16_384 } }],
    ['claude-haiku-4-5', undefined, { thinking: { type: 'enabled', budget_tokens: 16_384 } }],
    ['claude-haiku-4-5', 'low', { thinking: { type: 'enabled', budget_tokens: 2_048 } }],
    ['claude-opus-4-1', undefined, { thinking: { type: 'enabled', budget_tokens: 16_384 } }],
    ['claude-3-5-haiku-20241022', undefined, {}],
    [
      'claude-from-the-future-9',
      'low',
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
    ],
  ] as const)('asks %s at effort %s to think in the way it knows', async (model, effort, expected) => {
    const subject = subjectOf(model);
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(
      subject.make({ url: server.url }),
      makeRequest(subject, { maxOutputTokens: 20_000, ...(effort === undefined ? {} : { effort }) }),
    );
    const { thinking, output_config: config } = body();
    expect({
      ...(thinking === undefined ? {} : { thinking }),
      ...(config === undefined ? {} : { output_config: config }),
    }).toEqual(expected);
  });

  it.each<[string, object | undefined]>([
    ['claude-opus-5', { type: 'disabled' }],
    ['claude-haiku-5-5', { type: 'disabled' }],
    ['claude-opus-4-8', undefined],
    ['claude-fable-5-1', undefined],
  ])('tells %s not to think where it should not and would', async (id, thinking) => {
    const catalog = createModelCatalog({
      settings: [{ id, provider: 'anthropic', thinking: false }],
      usable: ['anthropic'],
    });
    const traits = catalog.resolve(id);
    if (traits === null) throw new Error(`no model ${id}`);
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    const provider = createAnthropicProvider({
      apiKey: 'test-key',
      baseUrl: server.url,
      limits: LIMITS,
      traits,
    });
    await collect(provider, makeRequest(subjectOf(id), { effort: 'max' }));
    expect(body()['thinking']).toEqual(thinking);
    expect(body()['output_config']).toBeUndefined();
  });

  it('does without a thinking budget in a tool loop that began at another vendor', async () => {
    const subject = subjectOf('claude-haiku-4-5');
    const call: TranscriptMessage = {
      role: 'assistant',
      content: [
        {
          type: 'tool_use',
          id: 'sevt_1',
          name: 'bash',
          input: {},
          vendor: { provider: 'openai', callId: 'call_1' },
        },
      ],
    };
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    const request = makeRequest(subject, {
      effort: 'high',
      maxOutputTokens: 40_000,
      messages: [userSays('go'), call, answerTo(call)],
    });
    await collect(subject.make({ url: server.url }), request);
    expect(body()['thinking']).toBeUndefined();
  });

  it('asks for fast mode where the model has one', async () => {
    for (const [model, speed] of [
      ['claude-opus-5-5', 'fast'],
      ['claude-sonnet-5-5', undefined],
    ] as const) {
      const subject = subjectOf(model);
      server.push({ blocks: [{ type: 'text', text: 'x' }] });
      await collect(subject.make({ url: server.url }), makeRequest(subject, { speed: 'fast' }));
      expect(body()['speed']).toBe(speed);
    }
  });

  it.each([
    ['claude-opus-5-5', 'system'],
    ['claude-sonnet-4-6', 'user'],
  ])('gives a system message in the middle of the conversation to %s as %s', async (model, role) => {
    const subject = subjectOf(model);
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    const messages: TranscriptMessage[] = [
      userSays('go'),
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
    ];
    await collect(subject.make({ url: server.url }), makeRequest(subject, { messages }));
    const sent = body()['messages'] as { role: string; content: unknown }[];
    expect(sent.findLast(({ content }) => JSON.stringify(content).includes('Be brief.'))?.role).toBe(role);
  });

  it('goes on by itself where the vendor pauses, and gives one answer', async () => {
    const subject = subjectOf('claude-opus-5-5');
    server.push(
      {
        blocks: [
          { type: 'thinking', text: 'hm' },
          { type: 'text', text: 'Part one.' },
        ],
        stop: 'pause_turn',
        usage: { output_tokens: 10, input_tokens: 5 },
      },
      { blocks: [{ type: 'text', text: 'Part two.' }], usage: { output_tokens: 7, input_tokens: 6 } },
    );
    const { response, previews } = await collect(subject.make({ url: server.url }), makeRequest(subject));
    expect(response.blocks.map((block) => (block.type === 'text' ? block.text : block.type))).toEqual([
      'thinking',
      'Part one.',
      'Part two.',
    ]);
    expect([...previews]).toEqual([
      [1, 'Part one.'],
      [2, 'Part two.'],
    ]);
    expect(response).toMatchObject({ stop: 'end_turn', usage: { output_tokens: 17, input_tokens: 11 } });
  });

  it('says that the vendor paused where it does so again and again', async () => {
    const subject = subjectOf('claude-opus-5-5');
    for (let n = 0; n < 11; n += 1)
      server.push({ blocks: [{ type: 'text', text: 'More. ' }], stop: 'pause_turn' });
    const { response } = await collect(subject.make({ url: server.url }), makeRequest(subject));
    expect(response.stop).toBe('paused');
    expect(response.blocks).toHaveLength(11);
  });

  it('reads the cached prefix again in every request of a growing transcript, however much one step adds', async () => {
    const subject = subjectOf('claude-opus-5-5');
    const provider = subject.make({ url: server.url });
    const messages: TranscriptMessage[] = [userSays('start '.repeat(500))];
    let previous = 0;
    for (let step = 0; step < 12; step += 1) {
      const calls = step % 3 === 0 ? 60 : 1;
      server.push({
        blocks: Array.from({ length: calls }, () => ({
          type: 'tool_use' as const,
          name: 'bash',
          input: { command: `step ${String(step)}` },
        })),
      });
      const { response } = await collect(
        provider,
        makeRequest(subject, { messages, system: 'A prompt of its own.' }),
      );
      const { usage } = response;
      // Everything up to the end of the request before is read, not written again.
      expect(usage.cache_read_input_tokens).toBe(previous);
      previous = usage.cache_read_input_tokens + usage.cache_creation_5m_input_tokens;
      expect(usage.input_tokens).toBe(0);
      const message = asMessage(response);
      messages.push(message, answerTo(message, [{ type: 'text', text: `result ${String(step)}` }]));
    }
  });

  it.each(['repeated-start', 'wrong-order'] as const)('fails on a stream out of order: %s', async (what) => {
    const subject = subjectOf('claude-opus-5-5');
    server.push({ blocks: [{ type: 'text', text: 'one two' }], fault: { kind: 'malformed', what } });
    const error = await failureOf(collect(subject.make({ url: server.url }), makeRequest(subject)));
    expect(error.code).toBe('model_unreachable');
  });

  it('hands tool names, descriptions and schemas on as they are', async () => {
    const subject = subjectOf('claude-opus-5-5');
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(subject.make({ url: server.url }), makeRequest(subject, { tools: [BASH] }));
    expect(body()['tools']).toEqual([BASH]);
  });
});

describe('recorded streams of Anthropic', () => {
  itReadsRecordings(subjectOf('claude-opus-5-5'), path.join(import.meta.dirname, '__fixtures__'));
});
