import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../core/errors.ts';
import { claudeModel } from '../../core/models/claude-models.ts';
import { geminiModels } from '../../core/models/gemini-models.ts';
import { openAiModels } from '../../core/models/openai-models.ts';
import { playRecording } from '../../test/model-recordings/play-recording.ts';
import { createAnthropicProvider } from './anthropic/anthropic.ts';
import { createGeminiProvider } from './gemini/gemini.ts';
import type { ModelProvider, ModelRequest, ModelResponse } from './model-provider.ts';
import { createOpenAiProvider } from './openai/openai.ts';

const limits = { totalMs: 5_000, stallMs: 5_000 };
const openAiTraits = openAiModels()[0];
const geminiTraits = geminiModels()[0];
if (openAiTraits === undefined || geminiTraits === undefined) throw new Error('there are no models');

const REQUEST: ModelRequest = {
  model: 'm',
  system: '',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }],
  tools: [],
  maxOutputTokens: 100,
  sessionId: 'sesn_x',
};

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Vendor {
  name: string;
  make(url: string): ModelProvider;
  /** A whole answer, event by event. */
  events: Json[];
  /** What names an event in its stream, beside its data. */
  nameOf(event: Json): string;
}

const typeOf = (event: Json): string => {
  const type = typeof event === 'object' && event !== null && !Array.isArray(event) ? event['type'] : '';
  return typeof type === 'string' ? type : '';
};
const message = {
  id: 'm1',
  type: 'message',
  role: 'assistant',
  content: [],
  model: 'm',
  usage: { input_tokens: 3 },
};
const call = { index: 0, id: 'c1', type: 'function', function: { name: 'bash', arguments: '{"a":1}' } };
const outputText = { type: 'output_text', text: 'hello', annotations: [] };
const outputMessage = {
  type: 'message',
  id: 'i1',
  role: 'assistant',
  status: 'completed',
  content: [outputText],
};
const outputCall = {
  type: 'function_call',
  id: 'i2',
  call_id: 'c1',
  name: 'bash',
  arguments: '{}',
  status: 'completed',
};

const VENDORS: Vendor[] = [
  {
    name: 'anthropic',
    make: (baseUrl) =>
      createAnthropicProvider({ baseUrl, apiKey: 'k', limits, traits: claudeModel('claude-opus-5-5') }),
    nameOf: (event) => `event: ${typeOf(event)}\n`,
    events: [
      { type: 'message_start', message },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'tool_use', id: 'c1', name: 'bash', input: {} },
      },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
      { type: 'content_block_stop', index: 1 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 2 } },
      { type: 'message_stop' },
    ],
  },
  {
    name: 'chat completions',
    make: (url) =>
      createOpenAiProvider({
        baseUrl: `${url}/v1`,
        apiKey: 'k',
        api: 'chat_completions',
        limits,
        traits: openAiTraits,
      }),
    nameOf: () => '',
    events: [
      {
        id: 'm1',
        choices: [{ index: 0, delta: { role: 'assistant', content: 'hello' }, finish_reason: null }],
      },
      { id: 'm1', choices: [{ index: 0, delta: { reasoning_content: 'hm', tool_calls: [call] } }] },
      { id: 'm1', choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
      { id: 'm1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
    ],
  },
  {
    name: 'responses',
    make: (url) =>
      createOpenAiProvider({
        baseUrl: `${url}/v1`,
        apiKey: 'k',
        api: 'responses',
        limits,
        traits: openAiTraits,
      }),
    nameOf: (event) => `event: ${typeOf(event)}\n`,
    events: [
      { type: 'response.output_item.added', output_index: 0, item: outputMessage },
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'hello' },
      { type: 'response.output_item.done', output_index: 0, item: outputMessage },
      { type: 'response.output_item.done', output_index: 1, item: outputCall },
      {
        type: 'response.completed',
        response: { id: 'r1', status: 'completed', output: [], usage: { input_tokens: 3, output_tokens: 2 } },
      },
    ],
  },
  {
    name: 'gemini',
    make: (baseUrl) => createGeminiProvider({ baseUrl, apiKey: 'k', limits, traits: geminiTraits }),
    nameOf: () => '',
    events: [
      { candidates: [{ content: { parts: [{ text: 'hello' }] } }] },
      { candidates: [{ content: { parts: [{ functionCall: { name: 'bash', args: { a: 1 } } }] } }] },
      {
        candidates: [{ finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2 },
      },
    ],
  },
];

/** What the adapter makes of these events. */
async function answerOf(
  { make, nameOf }: Vendor,
  events: readonly Json[],
): Promise<ModelResponse | undefined> {
  const played = await playRecording({
    head: { source: '', recorded: '2026-01-01', path: '/', status: 200, content_type: 'text/event-stream' },
    chunks: events.map((event) => ({ ms: 0, chunk: `${nameOf(event)}data: ${JSON.stringify(event)}\n\n` })),
  });
  try {
    for await (const part of make(played.url).stream(REQUEST, new AbortController().signal)) {
      if (part.type === 'finish') return part.response;
    }
    return undefined;
  } finally {
    await played.close();
  }
}

/** Every place in a value, as the way to it. */
function placesIn(value: Json, way: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [way];
  const inside = Object.entries(value).flatMap(([key, inner]) =>
    placesIn(inner, [...way, Array.isArray(value) ? Number(key) : key]),
  );
  return [way, ...inside];
}

/** The value with something else at a place; undefined takes away what is there. */
function bent(value: Json, way: readonly (string | number)[], other: Json | undefined): Json | undefined {
  const [key, ...rest] = way;
  if (key === undefined) return other;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, Json> | Json[] = Array.isArray(value) ? [...value] : { ...value };
  const held = copy as Record<string | number, Json>;
  const changed = bent(held[key] ?? null, rest, other);
  if (changed === undefined) delete held[key];
  else held[key] = changed;
  return copy;
}

describe.each(VENDORS)('the adapter for $name', (vendor) => {
  it('reads the answer', async () => {
    const response = await answerOf(vendor, vendor.events);
    expect(response).toMatchObject({ stop: 'tool_use', usage: { input_tokens: 3, output_tokens: 2 } });
    expect(response?.blocks).toContainEqual({ type: 'text', text: 'hello' });
  });
  it('makes an answer or a failure of the provider of whatever it is sent instead, never a defect', async () => {
    const others = fc.constantFrom<Json | undefined>(undefined, null, '', 7, -1.5, {}, [], [null], 'x', true);
    const changes = fc.tuple(fc.nat(), fc.nat(), others);
    await fc.assert(
      fc.asyncProperty(changes, async ([at, place, other]) => {
        const index = at % vendor.events.length;
        const event = vendor.events[index] ?? null;
        const places = placesIn(event).slice(1);
        const changed = bent(event, places[place % places.length] ?? [], other) ?? null;
        try {
          const response = await answerOf(vendor, vendor.events.with(index, changed));
          expect(JSON.stringify(response)).not.toContain('undefinedhello');
        } catch (error) {
          expect(isAppError(error) ? error.code : String((error as Error).stack)).toMatch(/^model_/);
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

const [, chat] = VENDORS;

describe('a server that speaks chat completions loosely', () => {
  /** Some tell the usage with every chunk. */
  const usage = { prompt_tokens: 3, completion_tokens: 1 };
  const chunk = (delta: Json, finish_reason: Json = ''): Json => ({
    id: 'm',
    choices: [{ delta, finish_reason }],
    usage,
  });
  const ask = async (...events: Json[]) => (chat === undefined ? undefined : answerOf(chat, events));

  it('has not ended its answer with an empty reason', async () => {
    const response = await ask(chunk({ content: 'one ' }), chunk({ content: 'two' }), chunk({}, 'stop'));
    expect(response?.blocks).toEqual([{ type: 'text', text: 'one two' }]);
  });
  it('may send text as a list of parts, and arguments as the object that they are', async () => {
    const content = [{ type: 'text', text: 'hello' }];
    const tool_calls = [{ index: 0, id: 'c', function: { name: 'bash', arguments: { command: 'ls' } } }];
    const response = await ask(chunk({ content }), chunk({ tool_calls }), chunk({}, 'tool_calls'));
    expect(response?.blocks).toMatchObject([
      { type: 'text', text: 'hello' },
      { type: 'tool_use', name: 'bash', input: { command: 'ls' } },
    ]);
  });
});
