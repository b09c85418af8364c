import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { claudeModels } from '../../../core/models/claude-models.ts';
import { geminiModels } from '../../../core/models/gemini-models.ts';
import type { ModelEntry } from '../../../core/models/model-entry.ts';
import { openAiModels } from '../../../core/models/openai-models.ts';
import type { TranscriptBlock, TranscriptMessage } from '../../../core/session/content.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../../test/scripted-model-server/index.ts';
import type { Script } from '../../../test/scripted-model-server/script.ts';
import { createAnthropicProvider } from '../anthropic/anthropic.ts';
import { answerTo, asMessage, BASH, collect, failureOf, LIMITS, userSays } from '../contract/subject.ts';
import { createGeminiProvider } from '../gemini/gemini.ts';
import type { ModelProvider } from '../model-provider.ts';
import { createOpenAiProvider } from '../openai/openai.ts';

const named = (entries: readonly ModelEntry[], id: string): ModelEntry => {
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry === undefined) throw new Error(`no model ${id}`);
  return entry;
};
const CLAUDE = named(claudeModels(), 'claude-opus-5-5');
const GPT = named(openAiModels(), 'gpt-6.1-sol');
const GEMINI = named(geminiModels(), 'gemini-4-argon');

interface Vendor {
  name: string;
  model: string;
  make(url: string): ModelProvider;
  /** How it refuses what it once gave. */
  refuses: NonNullable<Script['fault']>;
  /** What of its data is in a request. */
  piece: RegExp;
}

const options = { apiKey: 'k', limits: LIMITS };
const VENDORS: Vendor[] = [
  {
    name: 'Anthropic',
    model: CLAUDE.id,
    make: (url) => createAnthropicProvider({ ...options, baseUrl: url, traits: CLAUDE }),
    refuses: {
      kind: 'status',
      status: 400,
      message: 'messages.1.content.0: Invalid `signature` in `thinking` block',
    },
    piece: /"signature":/g,
  },
  {
    name: 'OpenAI’s Responses',
    model: GPT.id,
    make: (url) => createOpenAiProvider({ ...options, baseUrl: `${url}/v1`, api: 'responses', traits: GPT }),
    refuses: {
      kind: 'status',
      status: 400,
      type: 'invalid_encrypted_content',
      message: 'The encrypted content gAAA...DQ== could not be verified.',
    },
    piece: /"encrypted_content":/g,
  },
  {
    name: 'OpenAI’s Responses, inside the stream',
    model: GPT.id,
    make: (url) => createOpenAiProvider({ ...options, baseUrl: `${url}/v1`, api: 'responses', traits: GPT }),
    refuses: {
      kind: 'error-event',
      at: 'head',
      type: 'invalid_request_error',
      message:
        'The encrypted content for item rs_1 could not be verified. Reason: it could not be decrypted.',
    },
    piece: /"encrypted_content":/g,
  },
  {
    name: 'OpenAI’s Responses, of items that are gone',
    model: GPT.id,
    make: (url) => createOpenAiProvider({ ...options, baseUrl: `${url}/v1`, api: 'responses', traits: GPT }),
    refuses: {
      kind: 'status',
      status: 404,
      message: "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.",
    },
    piece: /"encrypted_content":/g,
  },
  {
    name: 'Gemini',
    model: GEMINI.id,
    make: (url) => createGeminiProvider({ ...options, baseUrl: url, traits: GEMINI }),
    refuses: { kind: 'status', status: 400, message: 'Corrupted thought signature.' },
    piece: /"thoughtSignature":"(?!skip_)/g,
  },
];

const LOOK: Script = {
  blocks: [
    { type: 'thinking', text: 'first I look' },
    { type: 'tool_use', name: 'bash', input: { command: 'ls' } },
  ],
};
const SAY: Script = { blocks: [{ type: 'text', text: 'Seen.' }] };

/** Data that only its vendor can read, and that it reads no more: keys were changed, or another server answers under the name. */
describe('a vendor that refuses its own data', () => {
  let server: ScriptedModelServer;
  beforeAll(async () => {
    // Dropped thinking is a violation where it was not asked for; here it is the point.
    server = await startScriptedModelServer({ onViolation: 'record' });
  });
  afterAll(async () => {
    await server.close();
  });
  afterEach(() => server.reset());

  const requestOf = ({ model }: Vendor, messages: TranscriptMessage[], sessionId = 'sesn_1') => ({
    model,
    system: 'You work.',
    messages,
    tools: [BASH],
    maxOutputTokens: 4_096,
    sessionId,
    effort: 'high' as const,
  });
  const pieces = ({ piece }: Vendor, index = -1): number =>
    [...JSON.stringify(server.ledger().at(index)?.body).matchAll(piece)].length;

  /** A call and its result. */
  async function look(vendor: Vendor, provider: ModelProvider, before: TranscriptMessage[]) {
    server.push(LOOK);
    const message = asMessage((await collect(provider, requestOf(vendor, before))).response);
    return [...before, message, answerTo(message)];
  }

  it.each(VENDORS)('gets the conversation without it at once: $name', async (vendor) => {
    const provider = vendor.make(server.url);
    const messages = await look(vendor, provider, [userSays('Begin.')]);
    server.push({ ...SAY, fault: vendor.refuses }, SAY);
    const { response } = await collect(provider, requestOf(vendor, messages));
    expect(response.blocks).toMatchObject([{ type: 'text', text: 'Seen.' }]);
    expect([pieces(vendor, -2), pieces(vendor)]).toEqual([1, 0]);
  });

  it.each(VENDORS)('is sent only what it gave since, in this session: $name', async (vendor) => {
    const provider = vendor.make(server.url);
    const first = await look(vendor, provider, [userSays('Begin.')]);
    server.push({ ...SAY, fault: vendor.refuses }, LOOK);
    const message = asMessage((await collect(provider, requestOf(vendor, first))).response);
    const messages = [...first, message, answerTo(message)];
    const before = server.ledger().length;
    server.push(SAY, SAY);
    await collect(provider, requestOf(vendor, messages));
    expect(pieces(vendor)).toBe(1);
    expect(server.ledger()).toHaveLength(before + 1);
    // Another session's data was never refused.
    await collect(provider, requestOf(vendor, messages, 'sesn_2'));
    expect(pieces(vendor)).toBe(2);
  });

  it.each(VENDORS)(
    'that refuses the conversation without it as well gets it written out, from then on: $name',
    async (vendor) => {
      const provider = vendor.make(server.url);
      const messages = await look(vendor, provider, [userSays('Begin.')]);
      const refused = { ...SAY, fault: vendor.refuses };
      server.push(refused, refused, SAY, SAY);
      const before = server.ledger().length;
      const answer = asMessage((await collect(provider, requestOf(vendor, messages))).response);
      expect(server.ledger()).toHaveLength(before + 3);
      await collect(provider, requestOf(vendor, [...messages, answer, userSays('And now?')]));
      expect(server.ledger()).toHaveLength(before + 4);
      const body = JSON.stringify(server.ledger().at(-1)?.body);
      expect(body).toContain('Assistant calls bash: {');
      expect(body).toContain('User: And now?');
      expect(body).not.toMatch(/"role":"(?:assistant|model)"/);
    },
  );

  it.each(VENDORS)('that takes it in no form ends the request with its own words: $name', async (vendor) => {
    const provider = vendor.make(server.url);
    const messages = await look(vendor, provider, [userSays('Begin.')]);
    const refused = { ...SAY, fault: vendor.refuses };
    server.push(refused, refused, refused);
    const before = server.ledger().length;
    const error = await failureOf(collect(provider, requestOf(vendor, messages)));
    expect(error.code).toBe('model_request_refused');
    expect(server.ledger()).toHaveLength(before + 3);
  });

  it.each(VENDORS)('is not asked twice for a refusal of something else: $name', async (vendor) => {
    const provider = vendor.make(server.url);
    const messages = await look(vendor, provider, [userSays('Begin.')]);
    server.push({ fault: { kind: 'status', status: 400, message: 'No such tool.' } });
    const before = server.ledger().length;
    await failureOf(collect(provider, requestOf(vendor, messages)));
    expect(server.ledger()).toHaveLength(before + 1);
  });

  it('may be Gemini that misses a signature it never gave', async () => {
    const vendor = VENDORS.at(-1);
    if (vendor === undefined) throw new Error('no vendor');
    const provider = vendor.make(server.url);
    const messages = await look(vendor, provider, [userSays('Begin.')]);
    const unsigned: TranscriptMessage[] = messages.map((message) => ({
      ...message,
      content: message.content.flatMap((block): TranscriptBlock[] => {
        if (block.type === 'opaque') return [];
        if (block.type !== 'tool_use') return [block];
        return [{ ...block, vendor: { provider: 'gemini', callId: block.vendor?.callId ?? null, data: {} } }];
      }),
    }));
    const message = 'Function call is missing a thought_signature in functionCall parts.';
    server.push({ fault: { kind: 'status', status: 400, message } }, SAY);
    await collect(provider, requestOf(vendor, unsigned));
    expect(JSON.stringify(server.ledger().at(-1)?.body)).toContain('skip_thought_signature_validator');
  });

  it('may be Anthropic that wants thinking first, and then is not asked to think', async () => {
    const [vendor] = VENDORS;
    if (vendor === undefined) throw new Error('no vendor');
    const message =
      'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.';
    server.push({ fault: { kind: 'status', status: 400, message } }, SAY);
    await collect(vendor.make(server.url), requestOf(vendor, [userSays('Begin.')]));
    expect(server.ledger().map(({ body }) => 'thinking' in (body as object))).toEqual([true, false]);
  });

  it.each<[what: string, status: number, message: string, expected: object]>([
    [
      'summaries of an account that nobody verified',
      400,
      'Your organization must be verified to generate reasoning summaries.',
      { include: ['reasoning.encrypted_content'], reasoning: { effort: 'high' } },
    ],
    [
      'encrypted reasoning of a model',
      400,
      'Encrypted content is not supported with this model.',
      { include: undefined, reasoning: { summary: 'auto', effort: 'high' } },
    ],
    [
      'reasoning of a model',
      400,
      "Unsupported parameter: 'reasoning' is not supported with this model.",
      { include: undefined, reasoning: undefined },
    ],
  ])(
    'may be one of Responses that gives no %s, and is not asked for it again',
    async (_, status, message, expected) => {
      const [, vendor] = VENDORS;
      if (vendor === undefined) throw new Error('no vendor');
      const provider = vendor.make(server.url);
      server.push({ fault: { kind: 'status', status, message } }, SAY, SAY);
      await collect(provider, requestOf(vendor, [userSays('Begin.')]));
      await collect(provider, requestOf(vendor, [userSays('Begin.')], 'sesn_2'));
      expect(server.ledger()).toHaveLength(3);
      const { include, reasoning } = Object(server.ledger().at(-1)?.body) as { [field: string]: unknown };
      expect({ include, reasoning }).toEqual(expected);
    },
  );

  it('may be Gemini’s, of a model that takes no system instruction: the prompt begins the conversation', async () => {
    const vendor = VENDORS.at(-1);
    if (vendor === undefined) throw new Error('no vendor');
    const provider = vendor.make(server.url);
    const message = 'Developer instruction is not enabled for models/gemma-3-27b-it';
    server.push({ fault: { kind: 'status', status: 400, message } }, SAY, SAY);
    await collect(provider, requestOf(vendor, [userSays('Begin.')]));
    await collect(provider, requestOf(vendor, [userSays('Begin.')], 'sesn_2'));
    expect(server.ledger()).toHaveLength(3);
    expect(server.ledger().at(-1)?.body).toMatchObject({
      contents: [{ role: 'user', parts: [{ text: 'You work.' }, { text: 'Begin.' }] }],
    });
    expect(server.ledger().at(-1)?.body).not.toHaveProperty('systemInstruction');
  });
});
