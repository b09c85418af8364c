import { describe, expect, it } from 'vitest';
import { factProblems } from './fact-problems.ts';
import { likeProblems } from './like.ts';
import { createModelCatalog, explainModel } from './model-catalog.ts';
import type { ModelSetting } from './model-setting.ts';

const AZURE = 'https://name.services.ai.azure.com/openai/v1';

function resolve(id: string, ...settings: ModelSetting[]) {
  return createModelCatalog({ settings, usable: ['anthropic', 'openai', 'gemini'] }).resolve(id);
}

describe('like', () => {
  it('lets a deployment with a name of its own take after a listed model', () => {
    expect(
      resolve('prod-7', { id: 'prod-7', provider: 'openai', base_url: AZURE, like: 'gpt-5.6' }),
    ).toMatchObject({
      displayName: 'prod-7',
      vendorModel: 'prod-7',
      contextWindow: 1_050_000,
      maxOutputTokens: 128_000,
      efforts: ['low', 'medium', 'high', 'xhigh'],
      thinking: 'effort',
      prices: { input: 4, output: 20, long_context: { above: 272_000 } },
      connection: { baseUrl: AZURE },
    });
  });

  it('takes after a model that is known by the database or its family alone', () => {
    const at = { provider: 'openai', base_url: 'http://10.0.0.1:8000/v1' } as const;
    expect(resolve('a', { ...at, id: 'a', like: 'gpt-5' })).toMatchObject({
      contextWindow: 400_000,
      prices: { input: 1.25 },
    });
    expect(resolve('b', { ...at, id: 'b', like: 'gpt-9' })).toMatchObject({ contextWindow: 1_050_000 });
    expect(resolve('c', { ...at, id: 'c', like: 'glm-4.6' })).toMatchObject({
      contextWindow: 204_800,
      prices: { input: 0.6 },
    });
  });

  it('takes after a chain of the configuration, in its own words first, but not in how it is reached', () => {
    const settings: ModelSetting[] = [
      { id: 'third', provider: 'openai', base_url: AZURE, like: 'second', max_output_tokens: 9_000 },
      { id: 'second', provider: 'openai', base_url: AZURE, like: 'first', prices: { input: 7, output: 8 } },
      {
        id: 'first',
        provider: 'openai',
        base_url: 'https://first.example/v1',
        extra_headers: { secret: 'x' },
        like: 'gpt-4o',
        display_name: 'First',
        fallback: ['demo'],
        context_window: 99_000,
        pdf: true,
      },
    ];
    expect(resolve('third', ...settings)).toMatchObject({
      displayName: 'third',
      vendorModel: 'third',
      maxOutputTokens: 9_000,
      contextWindow: 99_000,
      pdf: true,
      prices: { input: 7, output: 8 },
      fallback: [],
      connection: { baseUrl: AZURE, extraHeaders: {} },
    });
    expect(likeProblems(settings)).toEqual([]);
  });

  it('thinks in the way of its own protocol', () => {
    expect(
      resolve('x', { id: 'x', provider: 'openai', base_url: AZURE, like: 'claude-opus-4-8' }),
    ).toMatchObject({
      thinking: 'effort',
      fastMode: false,
      contextWindow: 1_000_000,
    });
    expect(resolve('y', { id: 'y', provider: 'anthropic', like: 'gpt-5' })).toMatchObject({
      thinking: 'budget',
    });
  });

  it('lets a deployment be like the model whose id it has', () => {
    const setting: ModelSetting = { id: 'gpt-5.6', provider: 'openai', base_url: AZURE, like: 'gpt-5.6' };
    expect(likeProblems([setting])).toEqual([]);
    expect(resolve('gpt-5.6', setting)).toMatchObject({ prices: { input: 4 }, wire: 'chat' });
  });

  it('refuses a circle with the names in it, and a name that nobody knows', () => {
    const openai = { provider: 'openai' as const };
    const problems = likeProblems([
      { ...openai, id: 'a', like: 'b' },
      { ...openai, id: 'b', like: 'c' },
      { ...openai, id: 'c', like: 'a' },
      { ...openai, id: 'd', like: 'a' },
      { ...openai, id: 'e', like: 'gtp-5' },
    ]);
    expect(problems.map(({ index, message }) => [index, message])).toEqual([
      [0, expect.stringContaining('a takes after b takes after c takes after a')],
      [1, expect.stringContaining('b takes after c takes after a takes after b')],
      [2, expect.stringContaining('c takes after a takes after b takes after c')],
      [4, expect.stringContaining('e takes after gtp-5')],
    ]);
  });

  it('comes to an end in a circle all the same', () => {
    const openai = { provider: 'openai' as const };
    expect(resolve('a', { ...openai, id: 'a', like: 'b' }, { ...openai, id: 'b', like: 'a' })).not.toBeNull();
  });
});

describe('every value of a model', () => {
  it('can be set', () => {
    const entry = resolve('mine', {
      id: 'mine',
      provider: 'openai',
      base_url: AZURE,
      efforts: ['low', 'max'],
      default_effort: 'max',
      pdf: true,
      mid_conversation_system: true,
      fast_mode: true,
      released: '2026-05-01',
      retires: '2027-05-01',
      prices: {
        input: 2,
        output: 4,
        cache_read: 1,
        fast_multiplier: 3,
        long_context: { above: 5, input: 20 },
        periods: [{ until: '2027-01-01', input: 1 }],
      },
    });
    expect(entry).toMatchObject({
      thinking: 'effort',
      efforts: ['low', 'max'],
      defaultEffort: 'max',
      pdf: true,
      midConversationSystem: true,
      fastMode: true,
      createdAt: '2026-05-01T00:00:00.000Z',
      retiresAt: '2027-05-01T00:00:00.000Z',
      prices: {
        input: 2,
        output: 4,
        cache_read: 1,
        cache_write_1h: 2,
        fast_multiplier: 3,
        long_context: { above: 5, input: 20, output: 4, cache_read: 20 },
        periods: [{ until: '2027-01-01T00:00:00.000Z', input: 1, output: 4, fast_multiplier: 3 }],
      },
    });
  });

  it('stands where it came from', () => {
    const settings: ModelSetting[] = [
      { id: 'prod', provider: 'openai', base_url: AZURE, like: 'gpt-5.6', tools: false },
      { id: 'local', provider: 'openai', base_url: 'http://10.0.0.1/v1' },
    ];
    const input = {
      settings,
      usable: [],
      imported: [{ id: 'local', provider: 'openai' as const, context_window: 50_000 }],
    };
    expect(explainModel('prod', input)?.origins).toMatchObject({
      contextWindow: 'like gpt-5.6',
      tools: 'configuration',
    });
    expect(explainModel('local', input)?.origins).toMatchObject({
      contextWindow: 'server',
      tools: 'default',
    });
    expect(explainModel('gpt-5', input)?.origins).toMatchObject({
      contextWindow: 'database',
      efforts: 'family',
      prices: 'database',
    });
    expect(explainModel('claude-opus-5-5', input)?.origins).toMatchObject({
      prices: 'list',
      tools: 'family',
    });
    expect(explainModel('nobody', input)).toBeNull();
  });

  it('is refused where it contradicts the others', () => {
    const openai = { provider: 'openai' as const, base_url: AZURE };
    const problems = factProblems([
      { ...openai, id: 'a', thinking: false, efforts: ['low'] },
      { ...openai, id: 'b', thinking: 'adaptive' },
      { ...openai, id: 'c', default_effort: 'high' },
      { ...openai, id: 'd', like: 'o3', default_effort: 'max' },
      {
        ...openai,
        id: 'e',
        prices: { input: 1, periods: [{}, { from: '2027-01-01', until: '2026-01-01' }] },
      },
      { ...openai, id: 'f', like: 'o3', default_effort: 'low', thinking: 'effort' },
    ]);
    expect(problems.map(({ index, field }) => [index, field])).toEqual([
      [0, 'efforts'],
      [1, 'thinking'],
      [2, 'default_effort'],
      [3, 'default_effort'],
      [4, 'prices.periods.0'],
      [4, 'prices.periods.1'],
    ]);
  });
});
