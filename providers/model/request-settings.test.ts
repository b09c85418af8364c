import { expect, it } from 'vitest';
import type { RequestSettings } from '../../core/models/request-settings.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { toConverseRequest } from './cloud/bedrock/converse/to-converse-request.ts';
import { toAnthropicRequest } from './anthropic/to-request.ts';
import { toGeminiRequest } from './gemini/to-gemini-request.ts';
import { toChatRequest } from './openai/chat/to-chat-request.ts';
import { toResponsesRequest } from './openai/responses/to-responses-request.ts';
import { createToolNames } from './tool-names.ts';

const catalog = createModelCatalog({ settings: [], usable: ['anthropic', 'openai', 'gemini'] });
const entryOf = (id: string) => {
  const entry = catalog.resolve(id);
  if (entry === null) throw new Error(`no model ${id}`);
  return entry;
};
const names = createToolNames([], () => true, 64);
const options = {
  provider: 'x',
  names,
  cacheTtl: '5m',
  dialect: 'compatible',
  schemas: 'compatible',
} as const;

function bodyOf(wire: string, settings: RequestSettings | undefined): object {
  const request = {
    model: 'm',
    system: 'Be brief.',
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'hello' }] }],
    tools: [],
    maxOutputTokens: 100,
    sessionId: 'session',
    ...(settings === undefined ? {} : { settings }),
  };
  if (wire === 'anthropic') return toAnthropicRequest(request, entryOf('claude-opus-5-5'), options);
  if (wire === 'converse')
    return toConverseRequest(request, { efforts: [], pdf: false }, { provider: 'x', names, extraBody: {} });
  if (wire === 'gemini') return toGeminiRequest(request, entryOf('gemini-3.8-flash'), options).config;
  return wire === 'responses'
    ? toResponsesRequest(request, entryOf('gpt-4.1'), options)
    : toChatRequest(request, entryOf('gpt-4.1'), options);
}

it.each<[string, RequestSettings, object]>([
  [
    'anthropic',
    { temperature: 0, top_p: 0.5, top_k: 3, stop_sequences: ['END'], service_tier: 'standard_only' },
    { temperature: 0, top_p: 0.5, top_k: 3, stop_sequences: ['END'], service_tier: 'standard_only' },
  ],
  [
    'anthropic',
    { prompt_cache_ttl: '1h' },
    { system: [{ cache_control: { type: 'ephemeral', ttl: '1h' } }] },
  ],
  [
    'chat',
    {
      temperature: 0,
      top_k: 3,
      seed: 0,
      frequency_penalty: 1,
      presence_penalty: -1,
      stop_sequences: ['END'],
    },
    { temperature: 0, top_k: 3, seed: 0, frequency_penalty: 1, presence_penalty: -1, stop: ['END'] },
  ],
  ['chat', { verbosity: 'low', service_tier: 'flex' }, { verbosity: 'low', service_tier: 'flex' }],
  [
    'responses',
    { temperature: 0, top_p: 0.5, verbosity: 'high', service_tier: 'priority' },
    { temperature: 0, top_p: 0.5, text: { verbosity: 'high' }, service_tier: 'priority' },
  ],
  [
    'gemini',
    {
      temperature: 0,
      top_p: 0.5,
      top_k: 3,
      seed: 0,
      frequency_penalty: 1,
      presence_penalty: -1,
      stop_sequences: ['END'],
    },
    {
      temperature: 0,
      topP: 0.5,
      topK: 3,
      seed: 0,
      frequencyPenalty: 1,
      presencePenalty: -1,
      stopSequences: ['END'],
    },
  ],
  [
    'converse',
    { temperature: 0, top_p: 0.5, stop_sequences: ['END'] },
    { inferenceConfig: { maxTokens: 100, temperature: 0, topP: 0.5, stopSequences: ['END'] } },
  ],
])('%s: %j go out in the words of the wire', (wire, settings, expected) => {
  expect(bodyOf(wire, settings)).toMatchObject(expected);
});

it.each(['anthropic', 'chat', 'responses', 'gemini', 'converse'])(
  '%s: nothing goes out that is not set',
  (wire) => {
    expect(bodyOf(wire, {})).toEqual(bodyOf(wire, undefined));
    expect(JSON.stringify(bodyOf(wire, {}))).not.toMatch(/temperature|top_?p|seed|tier|verbosity|stop_?s/i);
  },
);
