import { expect, it } from 'vitest';
import type { ScriptedModelServer } from '../../../test/scripted-model-server/index.ts';
import type { ModelProvider } from '../model-provider.ts';
import {
  answerTo,
  asMessage,
  collect,
  makeRequest,
  PIXEL,
  userSays,
  type ContractSubject,
} from './subject.ts';

interface Setup {
  server: ScriptedModelServer;
  provider: ModelProvider;
}

/** What every adapter makes of answers that come as they should. */
export function itReadsAnswers(subject: ContractSubject, setup: () => Setup): void {
  it('streams text whose pieces add up to the answer, and ends with the whole response', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'text', text: 'Hello, wörld 🌍!\n\nSecond line.' }] });
    const { parts, response, previews } = await collect(provider, makeRequest(subject));
    expect(response.blocks).toEqual([{ type: 'text', text: 'Hello, wörld 🌍!\n\nSecond line.' }]);
    expect(response.stop).toBe('end_turn');
    expect(parts.find(({ type }) => type !== 'usage')).toEqual({
      type: 'block-start',
      index: 0,
      block: 'text',
    });
    expect(previews.get(0)).toBe('Hello, wörld 🌍!\n\nSecond line.');
    expect(parts.filter(({ type }) => type === 'text-delta').length).toBeGreaterThan(1);
    expect(parts.filter(({ type }) => type === 'finish')).toHaveLength(1);
  });

  it('reports the usage that the vendor reported', async () => {
    const { server, provider } = setup();
    server.push({
      blocks: [{ type: 'text', text: 'x' }],
      usage: { input_tokens: 120, output_tokens: 45, cache_read_input_tokens: 30 },
    });
    const { response } = await collect(provider, makeRequest(subject));
    const entry = server.ledger().at(-1);
    expect(response.usage.output_tokens).toBe(45);
    expect(response.usage.input_tokens).toBe(120);
    expect(response.usage.cache_read_input_tokens).toBe(30);
    expect(response.usage.cache_creation_5m_input_tokens).toBe(entry?.usage?.cache_creation_5m_input_tokens);
    expect(response.requestId).toBe(`req_${String(entry?.n)}`);
  });

  it('sends one request per stream with the model, the system prompt, the tools and the limit', async () => {
    const { server, provider } = setup();
    const before = server.ledger().length;
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(provider, makeRequest(subject, { system: 'Speak like a pirate.', maxOutputTokens: 777 }));
    expect(server.ledger()).toHaveLength(before + 1);
    const sent = JSON.stringify(server.ledger().at(-1)?.body);
    for (const expected of [subject.model, 'Speak like a pirate.', 'Runs a command.', '777'])
      expect(sent + (server.ledger().at(-1)?.path ?? '')).toContain(expected);
  });

  it('reads tool calls in parallel, with their arguments put together', async () => {
    const { server, provider } = setup();
    const command = `echo "${'x'.repeat(100)}" | grep 'ö🌍'`;
    server.push({
      blocks: [
        { type: 'text', text: 'Two at once.' },
        { type: 'tool_use', name: 'bash', input: { command } },
        { type: 'tool_use', name: 'bash', input: { command: 'pwd', nested: { list: [1, null, 'a'] } } },
      ],
    });
    const { response } = await collect(provider, makeRequest(subject));
    expect(response.stop).toBe('tool_use');
    const calls = response.blocks.filter((block) => block.type === 'tool_use');
    expect(calls.map(({ input }) => input)).toEqual([
      { command },
      { command: 'pwd', nested: { list: [1, null, 'a'] } },
    ]);
    expect(new Set(calls.map(({ vendor }) => vendor.provider))).toEqual(new Set([provider.name]));
  });

  it('sends tool calls and their results back so that the vendor takes them', async () => {
    const { server, provider } = setup();
    server.push({
      blocks: Array.from({ length: 200 }, (_unused, index) => ({
        type: 'tool_use' as const,
        name: 'bash',
        input: { command: `echo ${String(index)}` },
      })),
    });
    const first = await collect(provider, makeRequest(subject));
    expect(first.response.blocks).toHaveLength(200);
    const message = asMessage(first.response);
    server.push({ blocks: [{ type: 'text', text: 'all seen' }] });
    const second = await collect(
      provider,
      makeRequest(subject, { messages: [userSays('go'), message, answerTo(message)] }),
    );
    expect(second.response.blocks).toEqual([{ type: 'text', text: 'all seen' }]);
  });

  it.each([
    [
      'an image',
      [
        { type: 'text' as const, text: 'see' },
        { type: 'image' as const, source: { type: 'base64' as const, media_type: 'image/png', data: PIXEL } },
      ],
      'ok' as const,
    ],
    ['nothing', [], 'ok' as const],
    ['white space', [{ type: 'text' as const, text: '\n' }], 'ok' as const],
    ['an error without text', [], 'error' as const],
    [
      'an error with an image',
      [{ type: 'image' as const, source: { type: 'base64' as const, media_type: 'image/png', data: PIXEL } }],
      'error' as const,
    ],
    [
      'a document',
      [
        {
          type: 'document' as const,
          source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'some text' },
          title: 'notes',
        },
      ],
      'ok' as const,
    ],
    [
      'a search result',
      [
        {
          type: 'search_result' as const,
          source: 'https://example.com',
          title: 'T',
          content: [{ type: 'text' as const, text: 'body' }],
          citations: { enabled: false },
        },
      ],
      'ok' as const,
    ],
  ])('sends a tool result that holds %s', async (_name, content, outcome) => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'x' } }] });
    const message = asMessage((await collect(provider, makeRequest(subject))).response);
    server.push({ blocks: [{ type: 'text', text: 'thanks' }] });
    const messages = [userSays('go'), message, answerTo(message, content, outcome)];
    const { response } = await collect(provider, makeRequest(subject, { messages }));
    expect(response.stop).toBe('end_turn');
  });

  it('sends images of a user message', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'text', text: 'a pixel' }] });
    const image = {
      type: 'image' as const,
      source: { type: 'base64' as const, media_type: 'image/png', data: PIXEL },
    };
    await collect(
      provider,
      makeRequest(subject, {
        messages: [{ role: 'user', content: [image, { type: 'text', text: 'what is this?' }] }],
      }),
    );
    expect(JSON.stringify(server.ledger().at(-1)?.body)).toContain(PIXEL);
  });

  it('keeps thinking and sends it back as it came', async () => {
    const { server, provider } = setup();
    server.push({
      blocks: [
        { type: 'thinking', text: 'Let me think… 🤔 about "quotes" and \\ backslashes.' },
        { type: 'hidden_thinking' },
        { type: 'text', text: 'I will look.' },
        { type: 'tool_use', name: 'bash', input: { command: 'ls' } },
      ],
    });
    const { response, parts } = await collect(provider, makeRequest(subject));
    const thinking = response.blocks.filter(({ type }) => type === 'thinking');
    if (subject.keepsThinking) {
      expect(thinking.length).toBeGreaterThan(0);
      expect(parts).toContainEqual({ type: 'block-start', index: 0, block: 'thinking' });
    }
    const stored = JSON.parse(JSON.stringify(asMessage(response))) as ReturnType<typeof asMessage>;
    server.push({ blocks: [{ type: 'text', text: 'ok' }] });
    await collect(provider, makeRequest(subject, { messages: [userSays('go'), stored, answerTo(stored)] }));
  });

  it('drops what other providers left behind', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'text', text: 'ok' }] });
    const messages = [
      userSays('go'),
      {
        role: 'assistant' as const,
        content: [
          { type: 'opaque' as const, provider: 'somebody-else', data: { secret: 'foreign-blob' } },
          { type: 'text' as const, text: 'calling' },
          {
            type: 'tool_use' as const,
            id: 'sevt_foreign',
            name: 'bash',
            input: { command: 'ls' },
            vendor: {
              provider: 'somebody-else',
              callId: 'call/with:strange chars',
              data: { signature: 'foreign-blob' },
            },
          },
        ],
      },
      {
        role: 'user' as const,
        content: [
          { type: 'tool_result' as const, tool_use_id: 'sevt_foreign', content: [], is_error: false },
        ],
      },
      {
        role: 'assistant' as const,
        content: [{ type: 'opaque' as const, provider: 'somebody-else', data: null }],
      },
      userSays('and now?'),
    ];
    await collect(provider, makeRequest(subject, { messages }));
    expect(JSON.stringify(server.ledger().at(-1)?.body)).not.toContain('foreign-blob');
  });

  it('merges messages of one side and leaves out text that nobody sees', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'text', text: 'ok' }] });
    const messages = [
      userSays('one'),
      userSays('two'),
      { role: 'system' as const, content: [{ type: 'text' as const, text: 'Be brief.' }] },
      userSays(' \n '),
      userSays('three'),
      { role: 'assistant' as const, content: [{ type: 'text' as const, text: '' }] },
      { role: 'assistant' as const, content: [{ type: 'text' as const, text: 'first' }] },
      { role: 'assistant' as const, content: [{ type: 'text' as const, text: 'second' }] },
      userSays('four'),
      { role: 'system' as const, content: [{ type: 'text' as const, text: 'Be polite.' }] },
    ];
    await collect(provider, makeRequest(subject, { messages }));
    const sent = JSON.stringify(server.ledger().at(-1)?.body);
    for (const text of ['one', 'two', 'three', 'first', 'second', 'four', 'Be brief.', 'Be polite.'])
      expect(sent).toContain(text);
  });

  it('answers many requests at the same time without mixing them up', async () => {
    const { server, provider } = setup();
    for (let index = 0; index < 20; index += 1)
      server.scenario({
        when: `number ${String(index)}.`,
        steps: [{ blocks: [{ type: 'text', text: `answer to ${String(index)}` }], gapMs: 1 }],
      });
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_unused, index) =>
        collect(provider, makeRequest(subject, { messages: [userSays(`number ${String(index)}.`)] })),
      ),
    );
    expect(responses.map(({ response }) => response.blocks)).toEqual(
      Array.from({ length: 20 }, (_unused, index) => [{ type: 'text', text: `answer to ${String(index)}` }]),
    );
  });

  it('takes an answer of a megabyte', async () => {
    const { server, provider } = setup();
    const text = 'lorem ipsum 🌍 '.repeat(70_000);
    server.push({ blocks: [{ type: 'text', text }] });
    const { response } = await collect(provider, makeRequest(subject));
    expect(response.blocks).toEqual([{ type: 'text', text }]);
  });

  it('counts the tokens of a request as the vendor does, or knows that nobody counts them', async () => {
    const { provider } = setup();
    const never = new AbortController().signal;
    const count = (text: string) =>
      provider.countTokens?.(makeRequest(subject, { messages: [userSays(text)] }), never);
    if (!subject.countsTokens) {
      expect((await count('hello')) ?? null).toBeNull();
      return;
    }
    const short = (await count('hello')) ?? 0;
    expect(short).toBeGreaterThan(10);
    expect((await count('hello '.repeat(1_000))) ?? 0).toBeGreaterThan(short + 900);
    await expect(provider.countTokens?.(makeRequest(subject), AbortSignal.abort('gone'))).rejects.toBe(
      'gone',
    );
  });
}
