import { describe, expect, it } from 'vitest';
import { resolveModel } from '../agent/resolve-model.ts';
import { ModelParams } from '../schema/model-config.ts';
import { createModelCatalog } from './model-catalog.ts';
import { settingsFor } from './request-settings.ts';

const catalog = createModelCatalog({
  settings: [
    { id: 'local', provider: 'openai', base_url: 'http://127.0.0.1:8000/v1', thinking: true },
    { id: 'haiku', provider: 'anthropic', vendor_model: 'claude-haiku-4-5', thinking: false },
    { id: 'opus', provider: 'anthropic', vendor_model: 'claude-opus-4-7', thinking: false },
    { id: 'anthropic/claude-opus-5.5', provider: 'openai', base_url: 'https://openrouter.ai/api/v1' },
    { id: 'anthropic/claude-sonnet-4.5', provider: 'openai', base_url: 'https://openrouter.ai/api/v1' },
    { id: 'nova', provider: 'openai', connection: 'aws', vendor_model: 'amazon.nova-pro-v1:0' },
    {
      id: 'claude-on-aws',
      provider: 'anthropic',
      connection: 'aws',
      vendor_model: 'anthropic.claude-opus-5-5',
    },
  ],
  usable: ['anthropic', 'openai', 'gemini', 'aws', 'groq', 'mistral', 'grok'],
  connections: {
    aws: { protocol: 'bedrock', base_url: null },
    groq: { protocol: 'openai', base_url: 'https://api.groq.com/openai/v1' },
    mistral: { protocol: 'openai', base_url: 'https://api.mistral.ai/v1' },
    grok: { protocol: 'openai', base_url: 'https://api.x.ai/v1' },
  },
});
const resolve = (params: object) => resolveModel(ModelParams.parse(params), catalog);

describe('settings of an agent’s model', () => {
  it.each<[string, object]>([
    [
      'local',
      { temperature: 0.2, top_p: 0.9, top_k: 40, seed: 7, presence_penalty: 1.5, stop_sequences: ['END'] },
    ],
    ['haiku', { temperature: 1, top_k: 3, prompt_cache_ttl: '1h', service_tier: 'standard_only' }],
    ['claude-opus-5-5', { prompt_cache_ttl: '1h', stop_sequences: ['END'] }],
    ['gpt-4.1', { temperature: 2, top_p: 0.1, service_tier: 'flex' }],
    ['gpt-6.1-sol', { verbosity: 'low', service_tier: 'priority' }],
    ['gemini-3.8-flash', { temperature: 0, top_k: 1, seed: 1 }],
    ['gemini-2.0-flash', { frequency_penalty: -1 }],
    ['haiku', { top_p: 0.5 }],
    ['groq/llama-3.3-70b-versatile', { temperature: 0, seed: 1, presence_penalty: 1 }],
    ['mistral/mistral-large-latest', { temperature: 0, presence_penalty: 1, stop_sequences: ['END'] }],
    ['grok/grok-3', { temperature: 0, seed: 1, stop_sequences: ['END'] }],
    ['anthropic/claude-sonnet-4.5', { temperature: 0 }],
    ['nova', { temperature: 0, top_p: 0.5, stop_sequences: ['END'] }],
    ['claude-on-aws', { prompt_cache_ttl: '1h' }],
  ])('are kept for %s: %j', (id, settings) => {
    expect(resolve({ id, ...settings })).toMatchObject(settings);
  });

  it.each<[string, object, RegExp]>([
    ['claude-opus-5-5', { temperature: 0.2 }, /^model\.temperature: .*refuses temperature/],
    ['opus', { top_p: 0.2 }, /^model\.top_p: opus takes no top_p any more/],
    ['anthropic/claude-opus-5.5', { temperature: 0 }, /^model\.temperature: .*takes no temperature any more/],
    ['claude-sonnet-4-5', { temperature: 0.2 }, /^model\.temperature: .*thinks before it answers/],
    ['claude-opus-5-5', { seed: 1 }, /^model\.seed: .*no such setting; it has stop_sequences/],
    ['claude-opus-5-5', { service_tier: 'flex' }, /^model\.service_tier: .*auto, standard_only/],
    ['haiku', { temperature: 1, top_p: 0.5 }, /^model\.top_p: haiku takes either temperature or top_p/],
    ['gemini-3.8-flash', { frequency_penalty: 1 }, /^model\.frequency_penalty: .*thinks/],
    ['groq/llama-3.3-70b-versatile', { top_k: 1 }, /^model\.top_k: .*no such setting/],
    ['mistral/mistral-large-latest', { seed: 1 }, /^model\.seed: .*no such setting/],
    ['grok/grok-3', { presence_penalty: 1 }, /^model\.presence_penalty: .*no such setting/],
    ['grok/grok-4', { stop_sequences: ['END'] }, /^model\.stop_sequences: .*thinks/],
    ['haiku', { temperature: 1.5 }, /^model\.temperature: haiku takes at most 1/],
    ['gpt-6.1-sol', { temperature: 0.2 }, /^model\.temperature: .*thinks/],
    ['gpt-4.1', { top_k: 3 }, /^model\.top_k/],
    ['gpt-4.1', { verbosity: 'low' }, /^model\.verbosity/],
    ['local', { prompt_cache_ttl: '1h' }, /^model\.prompt_cache_ttl/],
    ['nova', { temperature: 1.5 }, /^model\.temperature: nova takes at most 1/],
    ['nova', { seed: 1 }, /^model\.seed/],
    ['claude-on-aws', { service_tier: 'auto' }, /^model\.service_tier/],
    ['demo', { temperature: 0.2 }, /^model\.temperature: demo has no such setting/],
  ])('are refused for %s: %j', (id, settings, words) => {
    expect(() => resolve({ id, ...settings })).toThrow(words);
  });

  it.each([
    { temperature: 2.5 },
    { temperature: '0.2' },
    { top_p: 0 },
    { top_k: 0 },
    { seed: 1.5 },
    { stop_sequences: [] },
    { stop_sequences: [' '] },
    { prompt_cache_ttl: '2h' },
    { temprature: 1 },
  ])('are refused for any model: %j', (settings) => {
    expect(ModelParams.safeParse({ id: 'local', ...settings }).success).toBe(false);
  });

  it('are left out where null, and where the model that stands in does not take them', () => {
    expect(resolve({ id: 'local', temperature: null })).not.toHaveProperty('temperature');
    const other = catalog.resolve('claude-opus-5-5');
    if (other === null) throw new Error('no model');
    expect(settingsFor(other, { temperature: 0.2, stop_sequences: ['END'] })).toEqual({
      stop_sequences: ['END'],
    });
  });
});
