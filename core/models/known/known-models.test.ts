import { describe, expect, it } from 'vitest';
import { createModelCatalog } from '../model-catalog.ts';
import type { ModelEntry, ModelProviderKind } from '../model-entry.ts';

const vendors = createModelCatalog({ settings: [], usable: ['anthropic', 'openai', 'gemini'] });

/** A model as a gateway at an address of its own offers it. */
function behindGateway(id: string, provider: ModelProviderKind = 'openai'): ModelEntry | null {
  const catalog = createModelCatalog({
    usable: [],
    settings: [{ id, provider, base_url: 'https://gateway.example/v1' }],
  });
  return catalog.resolve(id);
}

describe('models of the vendors that are in no list', () => {
  it.each([
    ['gpt-5', 400_000, 128_000, true, ['low', 'medium', 'high']],
    ['gpt-5-2025-08-07', 400_000, 128_000, true, ['low', 'medium', 'high']],
    ['gpt-5-mini', 400_000, 128_000, true, ['low', 'medium', 'high']],
    ['gpt-5-codex', 400_000, 128_000, true, ['low', 'medium', 'high']],
    ['gpt-5-pro', 400_000, null, true, ['high']],
    ['gpt-5.1-codex-max', 400_000, 128_000, true, ['low', 'medium', 'high', 'xhigh']],
    ['gpt-5.2-pro', 400_000, 128_000, true, ['medium', 'high', 'xhigh']],
    ['gpt-5-chat-latest', 128_000, 16_384, true, []],
    ['gpt-4o', 128_000, 16_384, true, []],
    ['gpt-4o-2024-11-20', 128_000, 16_384, true, []],
    ['gpt-4o-mini-2024-07-18', 128_000, 16_384, true, []],
    ['ft:gpt-4o-mini-2024-07-18:org::abc', 128_000, 16_384, true, []],
    ['chatgpt-4o-latest', 128_000, 16_384, true, []],
    ['gpt-4.1-nano', 1_047_576, 32_768, true, []],
    ['gpt-4-1106-preview', 128_000, 4_096, true, []],
    ['gpt-3.5-turbo-0125', 16_385, 4_096, false, []],
    ['o1', 200_000, 100_000, true, ['low', 'medium', 'high']],
    ['o3', 200_000, 100_000, true, ['low', 'medium', 'high']],
    ['o3-2025-04-16', 200_000, 100_000, true, ['low', 'medium', 'high']],
    ['o3-mini', 200_000, 100_000, false, ['low', 'medium', 'high']],
    ['o4-mini', 200_000, 100_000, true, ['low', 'medium', 'high']],
    ['gpt-7-nova', 1_050_000, 128_000, true, ['low', 'medium', 'high', 'xhigh', 'max']],
    ['gemini-flash-latest', 1_048_576, 65_536, true, ['low', 'medium', 'high']],
    ['models/gemini-2.5-pro', 1_048_576, 65_536, true, ['low', 'medium', 'high']],
    ['gemini-2.5-flash-preview-09-2025', 1_048_576, 65_536, true, ['low', 'medium', 'high']],
    ['gemini-2.0-flash-001', null, 8_192, true, []],
    ['gemini-1.5-pro-002', null, 8_192, true, []],
    ['gemma-3-27b-it', 131_072, 8_192, true, []],
    ['learnlm-2.0-flash-experimental', 1_048_576, 8_192, true, []],
    ['claude-3-7-sonnet-latest', 200_000, 64_000, true, []],
    ['claude-3-5-haiku-20241022', 200_000, 8_192, true, []],
    ['claude-3-opus-20240229', 200_000, 4_096, true, []],
    ['claude-opus-4-1', 200_000, 32_000, true, []],
    ['claude-opus-4-20250514', 200_000, 32_000, true, []],
    ['claude-sonnet-4-0', 200_000, 64_000, true, []],
  ])('knows %s', (id, window, output, images, efforts) => {
    const entry = vendors.resolve(id);
    expect(entry).toMatchObject({ id, vendorModel: id, efforts });
    if (window !== null) expect(entry?.contextWindow).toBe(window);
    if (output !== null) expect(entry?.maxOutputTokens).toBe(output);
    expect(entry?.images !== null).toBe(images);
    expect(entry?.defaultEffort === null).toBe(efforts.length === 0);
  });

  it.each([
    ['gpt-5', 1.25, 10],
    ['gpt-4o-2024-05-13', 5, 15],
    ['o3', 2, 8],
    ['claude-opus-4-1-20250805', 15, 75],
    ['gemini-2.5-pro-preview-06-05', 1.25, 10],
  ])('knows the price of %s', (id, input, output) => {
    expect(vendors.resolve(id)?.prices).toMatchObject({ input, output });
  });

  it.each([
    ['claude-3-5-sonnet-20241022', 'none'],
    ['claude-3-7-sonnet-20250219', 'budget'],
    ['claude-sonnet-4-20250514', 'budget'],
    ['claude-opus-4-1', 'budget'],
    ['claude-haiku-4-5-20251001', 'budget'],
    ['claude-opus-4-6', 'adaptive'],
    ['claude-opus-9', 'adaptive'],
    ['gemini-2.0-flash', 'none'],
    ['gemini-2.5-flash', 'budget'],
    ['gemini-3-pro-preview', 'effort'],
    ['gemma-3-27b-it', 'none'],
    ['o1', 'effort'],
    ['gpt-4o', 'none'],
  ])('knows how %s thinks: %s', (id, thinking) => {
    expect(vendors.resolve(id)?.thinking).toBe(thinking);
  });

  it.each([
    'llama-3.3-70b',
    'mistral-large-latest',
    'o3x',
    'octo',
    'gpt',
    'GPT-5',
    'openai/gpt-5',
    'my-deployment',
    '',
    'text-embedding-3-large',
    'gpt-image-1',
    'gpt-4o-realtime-preview',
    'gpt-4o-mini-tts',
    'gpt-4o-transcribe',
    'whisper-1',
    'gemini-embedding-001',
    'gpt-3.5-turbo-instruct',
    'gemini-2.5-flash-preview-tts',
  ])('leaves %j to nobody', (id) => {
    expect(vendors.resolve(id)).toBeNull();
  });

  it('offers no tools where the vendor takes none', () => {
    for (const id of ['chatgpt-4o-latest', 'o1-mini', 'gemma-3-27b-it', 'claude-2.1'])
      expect(vendors.resolve(id)?.tools).toBe(false);
    for (const id of ['o1', 'gpt-4o', 'gemma-4-31b-it', 'claude-3-haiku-20240307'])
      expect(vendors.resolve(id)?.tools).toBe(true);
  });

  it('takes the day of a dated id for that of its release', () => {
    expect(vendors.resolve('gpt-5-2025-08-07')?.createdAt).toBe('2025-08-07T00:00:00Z');
  });
});

describe('models behind gateways and compatible servers', () => {
  it.each([
    ['openai/gpt-5-mini', 400_000, 128_000],
    ['anthropic/claude-sonnet-4.5', 200_000, 64_000],
    ['anthropic/claude-3.7-sonnet:thinking', 200_000, 64_000],
    ['us.anthropic.claude-opus-4-1-20250805-v1:0', 200_000, 32_000],
    ['arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-opus-4-6-v1', 1_000_000, 128_000],
    ['vertex_ai/claude-sonnet-4-5@20250929', 200_000, 64_000],
    ['databricks-claude-opus-4-1', 200_000, 32_000],
    ['Claude-Opus-4.1', 200_000, 32_000],
    ['google/gemini-2.5-pro-preview-05-06', 1_048_576, 65_536],
    ['openai.gpt-oss-120b-1:0', 131_072, null],
    ['openai/gpt-oss-120b', 131_072, null],
    ['gpt-35-turbo', 16_385, 4_096],
    ['deepseek-chat', 131_072, 8_192],
    ['deepseek-reasoner', 131_072, 32_768],
    ['accounts/fireworks/models/glm-4p6', 204_800, null],
    ['kimi-k2-thinking', 262_144, null],
    ['moonshotai/Kimi-K2-Instruct-0905', 262_144, null],
    ['glm-4.6', 204_800, 131_072],
    ['grok-4-fast', 2_000_000, 30_000],
    ['llama-3.3-70b-versatile', 131_072, null],
    ['meta.llama3-3-70b-instruct-v1:0', null, null],
    ['qwen/qwen3-coder', 262_144, null],
    ['qwen3:32b', 131_072, null],
    ['Qwen/Qwen3-32B-AWQ', 131_072, null],
    ['unsloth/Qwen3-32B-GGUF:Q4_K_M', 131_072, null],
    ['minimax/minimax-m2', 204_800, null],
  ])('knows %s', (id, window, output) => {
    const entry = behindGateway(id);
    if (window === null) expect(entry?.contextWindow).toBeGreaterThan(32_768);
    if (window !== null) expect(entry?.contextWindow).toBe(window);
    if (output !== null) expect(entry?.maxOutputTokens).toBe(output);
    expect(entry).toMatchObject({ id, vendorModel: id, prices: null, defaultEffort: null, fastMode: false });
  });

  it('assumes little of a name that says nothing', () => {
    for (const provider of ['openai', 'anthropic', 'gemini'] as const)
      expect(behindGateway('my-deployment', provider)).toMatchObject({
        contextWindow: 32_768,
        maxOutputTokens: 4_096,
        tools: true,
        images: null,
        thinking: 'none',
        prices: null,
      });
  });

  it.each([
    ['https://api.deepseek.com/v1', 'deepseek-v4-pro'],
    ['https://api.groq.com/openai/v1', 'llama-3.3-70b-versatile'],
    ['https://api.x.ai/v1', 'grok-4-fast'],
    ['https://api.moonshot.ai/v1', 'kimi-k2-thinking'],
    ['https://api.z.ai/api/paas/v4', 'glm-4.6'],
    ['https://api.mistral.ai/v1', 'mistral-large-latest'],
    ['https://name.openai.azure.com/openai/v1', 'gpt-5-mini'],
    ['https://name.openai.azure.com/openai/v1', 'gpt-6.1-sol'],
  ])('knows the prices at %s of %s', (base_url, id) => {
    const catalog = createModelCatalog({ settings: [{ id, provider: 'openai', base_url }], usable: [] });
    expect(catalog.resolve(id)?.prices?.input).toBeGreaterThan(0);
  });

  it.each<[string, string, object]>([
    ['my-gpt4o-prod', 'azure', { contextWindow: 128_000, maxOutputTokens: 16_384, thinking: 'none' }],
    ['prod-o3-mini', 'azure', { contextWindow: 200_000, thinking: 'effort' }],
    ['team_gpt-5-mini_eu', 'azure', { contextWindow: 400_000, defaultEffort: 'medium' }],
    ['prod', 'azure', { contextWindow: 128_000, maxOutputTokens: 16_384 }],
    ['GPT-4.1', 'azure', { wire: 'chat', pdf: false }],
    ['work-qwen3-32b', 'elsewhere', { contextWindow: 131_072, thinking: 'effort' }],
    ['two-step-model', 'elsewhere', { contextWindow: 32_768 }],
    // Sizes are no versions.
    ['qwen3:8b', 'elsewhere', { contextWindow: 131_072, thinking: 'effort' }],
    ['Qwen/Qwen3-8B-FP8', 'elsewhere', { contextWindow: 131_072, thinking: 'effort' }],
    ['glm-4-9b-chat', 'elsewhere', { contextWindow: 131_072, thinking: 'none' }],
    ['gemma:7b', 'elsewhere', { contextWindow: 8_192, tools: false }],
    ['google/gemma-7b-it', 'elsewhere', { contextWindow: 8_192, tools: false }],
    ['foo1', 'elsewhere', { contextWindow: 32_768, thinking: 'none' }],
    ['llava:13b', 'elsewhere', { tools: false }],
    ['qwen2.5vl:7b', 'elsewhere', { contextWindow: 131_072 }],
    ['nvidia/Llama-3_1-Nemotron-Ultra-253B-v1', 'elsewhere', { contextWindow: 131_072 }],
  ])('knows a deployment named %s on a server (%s)', (id, server, facts) => {
    const base_url =
      server === 'azure' ? 'https://name.openai.azure.com/openai/v1' : 'http://127.0.0.1:8000/v1';
    const entry = createModelCatalog({
      settings: [{ id, provider: 'openai', base_url }],
      usable: [],
    }).resolve(id);
    expect(entry).toMatchObject(facts);
    expect(entry?.images === null).toBe(!/gpt|prod$|llava|vl/i.test(id));
  });

  it.each(['ft:gpt-4.1-nano-2025-04-14:acme:suffix:abc', 'ft:gpt-4.1:acme::id'])(
    'knows no price of the tuned model %s, but what it can do',
    (id) => {
      const catalog = createModelCatalog({ settings: [], usable: ['openai'] });
      expect(catalog.resolve(id)).toMatchObject({ prices: null, contextWindow: 1_047_576 });
    },
  );

  it('does not take a free name for a listed model of the vendor itself', () => {
    const catalog = createModelCatalog({ settings: [], usable: ['openai'] });
    expect(catalog.resolve('my-gpt4o-prod')).toBeNull();
  });

  it('knows what a model costs at a cloud that sells it at its vendor’s prices', () => {
    const [id, vendor_model] = ['m', 'claude-opus-4-1@20250805'];
    const catalog = createModelCatalog({
      settings: [{ id, provider: 'anthropic', connection: 'gcp', vendor_model }],
      usable: ['gcp'],
      connections: { gcp: { protocol: 'vertex', base_url: null } },
    });
    expect(catalog.resolve(id)?.prices).toMatchObject({ input: 15, output: 75 });
  });

  it('knows what another vendor’s model does over Claude’s protocol', () => {
    expect(behindGateway('glm-4.6', 'anthropic')).toMatchObject({
      thinking: 'budget',
      contextWindow: 204_800,
    });
    expect(behindGateway('deepseek-chat', 'anthropic')).toMatchObject({ thinking: 'none' });
    expect(behindGateway('claude-opus-5-5', 'anthropic')).toMatchObject({
      thinking: 'adaptive',
      prices: { input: 4 },
    });
  });

  it('takes a provider at another address for a gateway to its vendor', () => {
    const catalog = createModelCatalog({
      settings: [{ id: 'mine', provider: 'openai' }],
      usable: ['openai'],
      connections: { openai: { base_url: 'https://gateway.example/v1' } },
    });
    expect(catalog.resolve('gpt-4.1')).toMatchObject({ prices: { input: 2 }, pdf: true });
    expect(catalog.resolve('gpt-5')).toMatchObject({ prices: { input: 1.25 }, defaultEffort: 'medium' });
    expect(catalog.resolve('mine')).toMatchObject({ contextWindow: 32_768, images: null, prices: null });
  });

  it('takes a provider at the address of another vendor for that one', () => {
    const catalog = createModelCatalog({
      settings: [{ id: 'deepseek-v4-pro', provider: 'openai' }],
      usable: ['openai'],
      connections: { openai: { base_url: 'https://api.deepseek.com' } },
    });
    expect(catalog.resolve('deepseek-v4-pro')?.prices?.input).toBeGreaterThan(0);
    expect(catalog.resolve('gpt-5')).toMatchObject({ prices: null });
  });

  it('takes a connection with a name of its own for whatever server it leads to', () => {
    const catalog = createModelCatalog({
      settings: [
        { id: 'gpt-5', provider: 'openai', connection: 'local' },
        { id: 'deepseek-v4-pro', provider: 'openai', connection: 'deep' },
        { id: 'mine', provider: 'openai', connection: 'local' },
      ],
      usable: ['local', 'deep'],
      connections: {
        local: { protocol: 'openai', base_url: 'http://10.0.0.1:8000/v1' },
        deep: { protocol: 'openai', base_url: 'https://api.deepseek.com' },
      },
    });
    expect(catalog.resolve('gpt-5')).toMatchObject({
      contextWindow: 400_000,
      prices: null,
      defaultEffort: null,
    });
    expect(catalog.resolve('deepseek-v4-pro')?.prices?.input).toBeGreaterThan(0);
    expect(catalog.resolve('mine')).toMatchObject({ contextWindow: 32_768, images: null });
  });
});
