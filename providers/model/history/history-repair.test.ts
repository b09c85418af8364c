import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/json.ts';
import { openAiModel } from '../../../core/models/openai-models.ts';
import type { TranscriptMessage } from '../../../core/session/content.ts';
import { startChatServer, type ChatAnswer, type ChatServer } from '../../../test/doubles/chat-server.ts';
import { answerTo, asMessage, BASH, collect, LIMITS, userSays } from '../contract/subject.ts';
import type { ModelProvider, ModelRequest } from '../model-provider.ts';
import { createOpenAiProvider } from '../openai/openai.ts';

const CALL = { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'bash', arguments: '{}' } }] };
const request = (messages: TranscriptMessage[], sessionId = 'sesn_1'): ModelRequest => ({
  model: 'm',
  system: '',
  messages,
  tools: [BASH],
  maxOutputTokens: 1_000,
  sessionId,
});

/** A conversation that another vendor's model began: one call, its result, an answer. */
const FOREIGN: TranscriptMessage[] = [
  userSays('hello'),
  {
    role: 'assistant',
    content: [
      { type: 'opaque', provider: 'anthropic', data: { type: 'thinking', thinking: 'hm', signature: 's' } },
      {
        type: 'tool_use',
        id: 'sevt_1',
        name: 'bash',
        input: {},
        vendor: { provider: 'anthropic', callId: 'toolu_1' },
      },
    ],
  },
  {
    role: 'user',
    content: [
      {
        type: 'tool_result',
        tool_use_id: 'sevt_1',
        content: [{ type: 'text', text: 'ok' }],
        is_error: false,
      },
    ],
  },
  { role: 'assistant', content: [{ type: 'text', text: 'Seen.' }] },
];

const isAnswer = ({ role }: JsonObject): boolean => role === 'assistant';
const calls = (message: JsonObject): boolean => isAnswer(message) && Array.isArray(message['tool_calls']);
const isEmpty = (value: unknown): boolean => typeof value !== 'string' || value.trim() === '';

describe('a compatible server', () => {
  let server: ChatServer | undefined;
  afterEach(() => server?.close());

  async function start(answer: (messages: JsonObject[]) => ChatAnswer) {
    server = await startChatServer(answer);
    const started = server;
    const connect = (options: { history?: 'all' | 'loop' | 'none' } = {}): ModelProvider =>
      createOpenAiProvider({
        baseUrl: started.url,
        apiKey: null,
        limits: LIMITS,
        traits: {
          ...openAiModel('m'),
          ...(options.history === undefined ? {} : { reasoningHistory: options.history }),
        },
      });
    return { server: started, connect };
  }

  /** Goes on for some turns of a call and an answer each; gives the transcript. */
  async function converse(provider: ModelProvider, turns: number, from: TranscriptMessage[] = []) {
    const messages = [...from];
    for (let turn = 1; turn <= turns; turn += 1) {
      messages.push(userSays(`turn ${String(turn)}`));
      for (;;) {
        const message = asMessage((await collect(provider, request(messages))).response);
        messages.push(message);
        if (!message.content.some(({ type }) => type === 'tool_use')) break;
        messages.push(answerTo(message));
      }
    }
    return messages;
  }

  /** One call for each message of the user's, then an answer. */
  const alternate = (messages: JsonObject[], reasoning: object): ChatAnswer =>
    messages.at(-1)?.['role'] === 'tool'
      ? { deltas: [{ content: 'Done.' }] }
      : { deltas: [reasoning, CALL], finish: 'tool_calls' };

  /** Refuses as DeepSeek's thinking mode does: a call without reasoning, or with an empty one. */
  const deepSeek =
    (reasoning: object) =>
    (messages: JsonObject[]): ChatAnswer =>
      messages.some((message) => calls(message) && isEmpty(message['reasoning_content']))
        ? {
            status: 400,
            body: {
              error: {
                message: 'The `reasoning_content` in the thinking mode must be passed back to the API.',
                type: 'invalid_request_error',
                param: null,
                code: 'invalid_request_error',
              },
            },
          }
        : alternate(messages, reasoning);

  it('gets the reasoning of all turns back, so that it has nothing to refuse', async () => {
    const { server: strict, connect } = await start(deepSeek({ reasoning_content: 'I look.' }));
    await converse(connect(), 3);
    expect(strict.bodies).toHaveLength(6);
    const answers = strict.bodies.at(-1)?.messages.filter(calls) ?? [];
    expect(answers.map((message) => message['reasoning_content'])).toEqual(['I look.', 'I look.', 'I look.']);
  });

  it('that refuses a history without reasoning gets a stand-in at once, and from then on', async () => {
    const { server: strict, connect } = await start(deepSeek({ reasoning_content: 'I look.' }));
    const provider = connect();
    await converse(provider, 2, FOREIGN);
    // One refusal, and never again.
    expect(strict.bodies).toHaveLength(5);
    await collect(provider, request([...FOREIGN, userSays('another session')], 'sesn_2'));
    expect(strict.bodies).toHaveLength(6);
  });

  it('that refuses its own answer, whose reasoning was empty, gets a stand-in', async () => {
    const { server: strict, connect } = await start(deepSeek({ reasoning_content: '' }));
    await converse(connect(), 2);
    expect(strict.bodies).toHaveLength(5);
  });

  it('that wants it under its own name gets the stand-in under that name', async () => {
    const { connect, server: strict } = await start((messages) =>
      messages.some((message) => calls(message) && isEmpty(message['reasoning']))
        ? { status: 400, body: { error: { message: 'Missing `reasoning` in the assistant message' } } }
        : alternate(messages, { reasoning: 'I look.' }),
    );
    const own = await converse(connect(), 1);
    await converse(connect(), 1, [...FOREIGN, ...own]);
    const answers = strict.bodies.at(-1)?.messages.filter(calls) ?? [];
    expect(answers.map((message) => message['reasoning'])).toEqual(['.', 'I look.', 'I look.']);
  });

  it.each([
    [
      'Groq',
      400,
      {
        error: {
          message:
            "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is unsupported)]",
        },
      },
    ],
    [
      'Mistral',
      422,
      {
        object: 'Error',
        message: {
          detail: [
            {
              type: 'extra_forbidden',
              loc: ['body', 'messages', 1, 'assistant', 'reasoning_content'],
              msg: 'Extra inputs are not permitted',
            },
          ],
        },
      },
    ],
    [
      'Cerebras',
      400,
      {
        message:
          "messages.2.assistant.reasoning_content: property 'messages.2.assistant.reasoning_content' is unsupported",
        code: 'wrong_api_format',
      },
    ],
  ])('that refuses the field gets none of it, at once and from then on: %s', async (_name, status, body) => {
    const { server: strict, connect } = await start((messages) =>
      messages.some((message) => 'reasoning_content' in message)
        ? { status, body }
        : alternate(messages, { reasoning_content: 'I look.' }),
    );
    await converse(connect(), 3);
    expect(strict.bodies).toHaveLength(7);
  });

  it('that can be pleased in no form gets the conversation as one text', async () => {
    const { server: strict, connect } = await start((messages) =>
      messages.some(isAnswer)
        ? {
            status: 400,
            body: { error: { message: 'Missing `reasoning_content` field in the assistant message' } },
          }
        : { deltas: [{ content: 'x' }] },
    );
    const provider = connect();
    await converse(provider, 2, FOREIGN);
    // Twice refused at first, and never again.
    expect(strict.bodies).toHaveLength(4);
    const [only, ...others] = strict.bodies.at(-1)?.messages ?? [];
    expect(others).toEqual([]);
    expect(only?.['content']).toMatch(
      /User: hello\n\nAssistant calls bash: \{\}\n\nThe call returned: ok\n\nAssistant: Seen\./,
    );
    expect(only?.['content']).toContain('User: turn 2');
  });

  it.each([
    ['all', ['I look.', 'I look.', 'I look.']],
    ['loop', [undefined, undefined, 'I look.']],
    ['none', [undefined, undefined, undefined]],
  ] as const)('gets as much as the configuration says: %s', async (history, expected) => {
    const { server: any, connect } = await start((messages) =>
      alternate(messages, { reasoning_content: 'I look.' }),
    );
    await converse(connect({ history }), 3);
    const answers = any.bodies.at(-1)?.messages.filter(calls) ?? [];
    expect(answers.map((message) => message['reasoning_content'])).toEqual(expected);
  });

  it.each<[string, object[], JsonObject]>([
    ['reasoning', [{ reasoning: 'I ' }, { reasoning: 'look.' }], { reasoning: 'I look.' }],
    [
      'reasoning_details',
      [
        { reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'I ', signature: null }] },
        { reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'look.', signature: 's' }] },
      ],
      { reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'I look.', signature: 's' }] },
    ],
    [
      'thinking_blocks of LiteLLM',
      [
        { reasoning_content: 'I ', thinking_blocks: [{ type: 'thinking', thinking: 'I ', signature: null }] },
        {
          reasoning_content: 'look.',
          thinking_blocks: [{ type: 'thinking', thinking: 'look.', signature: null }],
        },
        { thinking_blocks: [{ type: 'thinking', thinking: '', signature: 's' }] },
        { thinking_blocks: [{ type: 'redacted_thinking', data: 'x' }] },
      ],
      {
        reasoning_content: 'I look.',
        thinking_blocks: [
          { type: 'thinking', thinking: 'I look.', signature: 's' },
          { type: 'redacted_thinking', data: 'x' },
        ],
      },
    ],
    [
      'parts of the content of Mistral',
      [
        { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'I ' }] }] },
        { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'look.' }] }] },
      ],
      { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'I look.' }] }] },
    ],
  ])('gets back what it sent as it sent it: %s', async (_name, deltas, expected) => {
    const { server: own, connect } = await start((messages) =>
      messages.some(calls)
        ? { deltas: [{ content: 'Done.' }] }
        : { deltas: [...deltas, CALL], finish: 'tool_calls' },
    );
    await converse(connect(), 2);
    expect(own.bodies.at(-1)?.messages.find(calls)).toMatchObject(expected);
  });

  it('gets the signatures of its calls back, as Gemini behind this protocol wants them', async () => {
    const extras = { extra_content: { google: { thought_signature: 'sig' } } };
    const { server: google, connect } = await start((messages) => {
      const list = messages.flatMap((message) => (message['tool_calls'] ?? []) as JsonObject[]);
      if (list.some((call) => call['extra_content'] === undefined))
        return {
          status: 400,
          // As it comes: a list.
          body: [
            {
              error: {
                code: 400,
                message: 'Function call is missing a thought_signature in functionCall parts.',
                status: 'INVALID_ARGUMENT',
              },
            },
          ],
        };
      return messages.at(-1)?.['role'] === 'tool'
        ? { deltas: [{ content: 'Done.' }] }
        : { deltas: [{ tool_calls: [{ ...CALL.tool_calls[0], ...extras }] }], finish: 'tool_calls' };
    });
    const provider = connect();
    const own = await converse(provider, 2);
    expect(google.bodies).toHaveLength(4);
    // A call of another vendor's is refused once, and goes with the vendor's word for "none" from then on.
    await converse(provider, 2, [...FOREIGN, ...own]);
    expect(google.bodies).toHaveLength(9);
    const signatures = google.bodies
      .at(-1)
      ?.messages.filter(calls)
      .map(({ tool_calls: list }) => JSON.stringify(list));
    expect(signatures?.[0]).toContain('skip_thought_signature_validator');
    expect(signatures?.slice(1).every((list) => list.includes('"sig"'))).toBe(true);
  });
});
