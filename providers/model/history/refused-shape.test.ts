import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/json.ts';
import { openAiModel } from '../../../core/models/openai-models.ts';
import type { TranscriptBlock, TranscriptMessage } from '../../../core/session/content.ts';
import { startChatServer, type ChatAnswer, type ChatServer } from '../../../test/doubles/chat-server.ts';
import { BASH, collect, failureOf, LIMITS, PIXEL, userSays } from '../contract/subject.ts';
import type { ModelProvider, ModelRequest } from '../model-provider.ts';
import { createOpenAiProvider } from '../openai/openai.ts';

const IMAGE: TranscriptBlock = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: PIXEL },
};
const request = (messages: TranscriptMessage[], fields: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'm',
  system: 'You work.',
  messages,
  tools: [BASH],
  maxOutputTokens: 1_000,
  sessionId: 'sesn_1',
  ...fields,
});

/** A call of another vendor's that was interrupted: its result, and what the user said then. */
const INTERRUPTED: TranscriptMessage[] = [
  userSays('hello'),
  {
    role: 'assistant',
    content: [
      {
        type: 'tool_use',
        id: 'sevt_01JABCDEF',
        name: 'bash',
        input: { command: 'ls' },
        vendor: { provider: 'anthropic', callId: 'toolu_1' },
      },
    ],
  },
  {
    role: 'user',
    content: [
      {
        type: 'tool_result',
        tool_use_id: 'sevt_01JABCDEF',
        content: [{ type: 'text', text: 'ok' }],
        is_error: false,
      },
      { type: 'text', text: 'Stop that.' },
    ],
  },
];

const SAID: ChatAnswer = { deltas: [{ content: 'Done.' }] };
const refused = (message: string, status = 400): ChatAnswer => ({ status, body: { error: { message } } });

/** As Mistral's API judges roles and ids: https://github.com/mistralai/mistral-common */
function mistral(messages: JsonObject[]): ChatAnswer {
  for (const [index, message] of messages.entries()) {
    const [before, role] = [messages[index - 1]?.['role'], message['role']];
    if (before === 'tool' && role === 'user') return refused("Unexpected role 'user' after role 'tool'");
    for (const { id } of (message['tool_calls'] ?? []) as { id: string }[])
      if (!/^[a-zA-Z0-9]{9}$/.test(id))
        return refused(`Tool call id was ${id} but must be a-z, A-Z, 0-9, with a length of 9.`);
  }
  return SAID;
}

/** As the template of many models does: no system, no tools, one after the other. */
function strictTemplate(messages: JsonObject[]): ChatAnswer {
  if (messages.some(({ role }) => role === 'system')) return refused('System role not supported', 500);
  const isInTurn = messages.every(({ role }, index) => role === (index % 2 === 0 ? 'user' : 'assistant'));
  return isInTurn
    ? SAID
    : refused('Conversation roles must alternate user/assistant/user/assistant/...', 500);
}

describe('a server of its own mind about the form of a conversation', () => {
  let server: ChatServer | undefined;
  afterEach(() => server?.close());

  async function start(answer: (messages: JsonObject[]) => ChatAnswer) {
    server = await startChatServer(answer);
    const provider: ModelProvider = createOpenAiProvider({
      baseUrl: server.url,
      apiKey: null,
      limits: LIMITS,
      traits: openAiModel('m'),
    });
    return { server, provider };
  }

  it('may be Mistral’s, and has nothing to refuse where the model’s name tells', async () => {
    const { server: strict, provider } = await start(mistral);
    await collect(provider, request(INTERRUPTED, { model: 'mistral-large-latest' }));
    expect(strict.bodies).toHaveLength(1);
    const [, , call, result, bridge, last] = strict.bodies[0]?.messages ?? [];
    const [{ id } = { id: '' }] = (call?.['tool_calls'] ?? []) as { id: string }[];
    expect(result).toMatchObject({ role: 'tool', tool_call_id: id, content: 'ok' });
    expect(bridge).toMatchObject({ role: 'assistant' });
    expect(last).toMatchObject({ role: 'user', content: 'Stop that.' });
  });

  it('may be one under another name: it is asked in other forms, and from then on in that one', async () => {
    const { server: strict, provider } = await start(mistral);
    await collect(provider, request(INTERRUPTED));
    await collect(provider, request(INTERRUPTED, { sessionId: 'sesn_2' }));
    expect(strict.bodies).toHaveLength(4);
  });

  it('gets what a tool showed after the bridge', async () => {
    const { server: strict, provider } = await start(mistral);
    const shown = INTERRUPTED.map((message) => ({
      ...message,
      content: message.content.map((block) =>
        block.type === 'tool_result' ? { ...block, content: [IMAGE] as (typeof block)['content'] } : block,
      ),
    }));
    await collect(provider, request(shown, { model: 'pixtral-large' }));
    const roles = strict.bodies[0]?.messages.map(({ role }) => role);
    expect(roles).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user']);
    expect(JSON.stringify(strict.bodies[0]?.messages.at(-1))).toContain(PIXEL);
  });

  it('may take neither a system prompt nor tools', async () => {
    const { server: strict, provider } = await start(strictTemplate);
    await collect(provider, request(INTERRUPTED));
    const [only, ...others] = strict.bodies.at(-1)?.messages ?? [];
    expect(others).toEqual([]);
    expect(only?.['content']).toMatch(/^You work\.\n\n[^]*The call returned: ok\n\nUser: Stop that\./);
    const before = strict.bodies.length;
    await collect(provider, request([...INTERRUPTED, userSays('Again.')]));
    expect(strict.bodies).toHaveLength(before + 1);
  });

  it('may want the system prompt first: what the operator says later is told as the user’s', async () => {
    const { server: strict, provider } = await start((messages) =>
      messages.slice(1).some(({ role }) => role === 'system')
        ? refused('Error: Jinja Exception: System message must be at the beginning.', 500)
        : SAID,
    );
    const later: TranscriptMessage = { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] };
    await collect(provider, request([userSays('hello'), later]));
    expect(JSON.stringify(strict.bodies.at(-1)?.messages)).toContain('Be brief.');
  });

  it('may refuse an image: the conversation goes on without it, and says so', async () => {
    const { server: blind, provider } = await start((messages) =>
      JSON.stringify(messages).includes('image_url') ? refused('Could not process image') : SAID,
    );
    const shown: TranscriptMessage[] = [{ role: 'user', content: [{ type: 'text', text: 'See:' }, IMAGE] }];
    await collect(provider, request(shown));
    await collect(
      provider,
      request([...shown, { role: 'assistant', content: [{ type: 'text', text: 'Hm.' }] }, userSays('Well?')]),
    );
    expect(blind.bodies).toHaveLength(3);
    expect(JSON.stringify(blind.bodies.at(-1)?.messages)).toContain('This image was left out');
    // Another session's was never refused.
    await collect(provider, request(shown, { sessionId: 'sesn_2' }));
    expect(blind.bodies).toHaveLength(5);
  });

  it('is not asked twice where nothing was answered yet', async () => {
    const { server: strict, provider } = await start(() => refused('messages[0]: no such content'));
    const error = await failureOf(collect(provider, request([userSays('hello')])));
    expect(error.message).toContain('no such content');
    expect(strict.bodies).toHaveLength(1);
  });
});
