import { describe, expect, it } from 'vitest';
import { createModelCatalog } from './model-catalog.ts';
import { toModelInfo } from './model-info.ts';

const NOW = new Date('2026-12-01T12:00:00Z');

describe('the model catalogue', () => {
  it('always has demo, and nothing else where no provider is usable', () => {
    const catalog = createModelCatalog({ settings: [], usable: [] });
    expect(catalog.list().map(({ id }) => id)).toEqual(['demo']);
    expect(catalog.resolve('demo')?.provider).toBe('demo');
    expect(catalog.resolve('claude-opus-5-5')).toBeNull();
    expect(catalog.defaultModel).toBe('demo');
  });

  it('offers configured models only where they can be reached', () => {
    const openai = { provider: 'openai' as const };
    const catalog = createModelCatalog({
      settings: [
        { ...openai, id: 'keyless' },
        { id: 'claude-sonnet-5-5', provider: 'anthropic', fallback: ['served'] },
        { ...openai, id: 'keyed', has_key: true },
        { ...openai, id: 'served', base_url: 'http://127.0.0.1:8000/v1' },
        { ...openai, id: 'signed', extra_headers: { 'api-key': 'k' } },
      ],
      usable: [],
    });
    expect(catalog.list().map(({ id }) => id)).toEqual(['keyed', 'served', 'signed', 'demo']);
    expect(catalog.resolve('keyless')).toBeNull();
    expect(catalog.defaultModel).toBe('keyed');
  });

  it('lists the built-in models of usable providers, newest first', () => {
    const catalog = createModelCatalog({ settings: [], usable: ['anthropic', 'openai', 'gemini'] });
    const dates = catalog.list().map(({ createdAt }) => createdAt);
    expect(dates).toEqual([...dates].sort().reverse());
    expect(new Set(catalog.list().map(({ provider }) => provider))).toEqual(
      new Set(['anthropic', 'openai', 'gemini', 'demo']),
    );
    expect(catalog.resolve(catalog.defaultModel)).not.toBeNull();
  });

  it.each([
    ['claude-opus-9', { thinking: 'adaptive', contextWindow: 1_000_000, midConversationSystem: true }],
    [
      'claude-sonnet-4-5-20250929',
      { thinking: 'budget', contextWindow: 200_000, midConversationSystem: false },
    ],
    [
      'claude-opus-4-5-20251101',
      { efforts: ['low', 'medium', 'high'], vendorModel: 'claude-opus-4-5-20251101' },
    ],
    ['claude-opus-4-7', { thinking: 'adaptive', midConversationSystem: false }],
    ['claude-3-7-sonnet-20250219', { thinking: 'budget', midConversationSystem: false }],
    ['claude-haiku-5-5', { fastMode: false, midConversationSystem: true }],
  ])('resolves %s without an entry, by what holds for its family', (id, expected) => {
    const catalog = createModelCatalog({ settings: [], usable: ['anthropic'] });
    expect(catalog.resolve(id)).toMatchObject({ id, provider: 'anthropic', ...expected });
  });

  it('gives a dated id the prices of its model', () => {
    const catalog = createModelCatalog({ settings: [], usable: ['anthropic'] });
    expect(catalog.resolve('claude-haiku-4-5-20251001')?.prices).toEqual(
      catalog.resolve('claude-haiku-4-5')?.prices,
    );
    expect(catalog.resolve('claude-haiku-4-5')?.prices).toMatchObject({ input: 1, output: 5 });
  });

  it('changes single fields of a built-in model and keeps the rest', () => {
    const catalog = createModelCatalog({
      settings: [
        { id: 'claude-opus-5-5', provider: 'anthropic', max_output_tokens: 1_000, fallback: ['demo'] },
      ],
      usable: ['anthropic'],
    });
    expect(catalog.resolve('claude-opus-5-5')).toMatchObject({
      displayName: 'Claude Opus 5.5',
      maxOutputTokens: 1_000,
      contextWindow: 1_000_000,
      fallback: ['demo'],
      prices: { input: 4 },
    });
    expect(catalog.list().filter(({ id }) => id === 'claude-opus-5-5')).toHaveLength(1);
  });

  it('knows a configured alias by the model behind it', () => {
    const catalog = createModelCatalog({
      settings: [{ id: 'smart', provider: 'anthropic', vendor_model: 'claude-sonnet-5-5' }],
      usable: ['anthropic'],
    });
    expect(catalog.resolve('smart')).toMatchObject({
      vendorModel: 'claude-sonnet-5-5',
      thinking: 'adaptive',
      prices: { input: 2 },
    });
  });

  it('takes no price for granted behind a compatible server, nor what not every server takes, also under a known name', () => {
    const catalog = createModelCatalog({
      settings: [
        { id: 'gpt-6-sol', provider: 'openai', base_url: 'http://localhost:8000/v1', context_window: 8_000 },
        {
          id: 'local',
          provider: 'openai',
          base_url: 'http://localhost:8000/v1',
          images: { max_count: 2 },
          tools: false,
        },
      ],
      usable: [],
    });
    expect(catalog.resolve('gpt-6-sol')).toMatchObject({
      contextWindow: 8_000,
      maxOutputTokens: 2_000,
      pdf: false,
      midConversationSystem: false,
      defaultEffort: null,
      prices: null,
    });
    expect(catalog.resolve('local')).toMatchObject({
      tools: false,
      images: { maxCount: 2, mediaTypes: ['image/jpeg', 'image/png'] },
      connection: { baseUrl: 'http://localhost:8000/v1' },
    });
  });

  it('takes a model for OpenAI’s own behind any server that speaks the Responses API', () => {
    const catalog = createModelCatalog({
      settings: [
        { id: 'gpt-6-sol', provider: 'openai', api: 'responses', base_url: 'https://gateway.example/v1' },
      ],
      usable: [],
    });
    expect(catalog.resolve('gpt-6-sol')).toMatchObject({ thinking: 'effort', contextWindow: 1_050_000 });
  });

  it('takes images and thinking away where the configuration says so', () => {
    const catalog = createModelCatalog({
      settings: [{ id: 'claude-opus-5-5', provider: 'anthropic', images: { max_count: 0 }, thinking: false }],
      usable: ['anthropic'],
    });
    expect(catalog.resolve('claude-opus-5-5')).toMatchObject({
      images: null,
      thinking: 'none',
      efforts: [],
      defaultEffort: null,
    });
  });

  it('lets configured entries win over imported ones', () => {
    const catalog = createModelCatalog({
      imported: [
        { id: 'qwen', provider: 'openai', context_window: 4_096 },
        { id: 'llama', provider: 'openai' },
      ],
      settings: [{ id: 'qwen', provider: 'openai', context_window: 100_000 }],
      usable: ['openai'],
    });
    expect(catalog.resolve('qwen')?.contextWindow).toBe(100_000);
    expect(catalog.resolve('llama')).not.toBeNull();
  });

  it('offers only what a server with a list of its own lists, and what the configuration adds', () => {
    const input = { settings: [], usable: ['openai' as const], listedOnly: ['openai' as const] };
    expect(
      createModelCatalog(input)
        .list()
        .map(({ id }) => id),
    ).toEqual(['demo']);
    expect(createModelCatalog(input).resolve('gpt-9')).toBeNull();
    const catalog = createModelCatalog({ ...input, imported: [{ id: 'llama', provider: 'openai' }] });
    expect(catalog.list().map(({ id }) => id)).toEqual(['llama', 'demo']);
  });

  it('lets no imported model take the name of another vendor’s, nor of a configured one', () => {
    const catalog = createModelCatalog({
      settings: [{ id: 'mine', provider: 'gemini', context_window: 5_000 }],
      usable: ['anthropic', 'openai', 'gemini'],
      imported: ['claude-opus-5-5', 'demo', 'mine', 'free'].map((id) => ({
        id,
        provider: 'openai' as const,
      })),
    });
    expect(catalog.resolve('claude-opus-5-5')?.provider).toBe('anthropic');
    expect(catalog.resolve('demo')?.provider).toBe('demo');
    expect(catalog.resolve('mine')).toMatchObject({ provider: 'gemini', contextWindow: 5_000 });
    expect(catalog.resolve('free')?.provider).toBe('openai');
  });

  it('shows every listed model in the API’s form', () => {
    const catalog = createModelCatalog({ settings: [], usable: ['anthropic', 'openai', 'gemini'] });
    for (const entry of catalog.list()) {
      const info = toModelInfo(entry, NOW);
      expect(info).toMatchObject({ type: 'model', id: entry.id, max_input_tokens: entry.contextWindow });
      expect(new Date(info.created_at).toISOString()).toBe(info.created_at.replace('Z', '.000Z'));
      expect(info.capabilities?.image_input.supported).toBe(entry.images !== null);
    }
    expect(
      toModelInfo(catalog.list().find(({ id }) => id === 'claude-opus-5-5') ?? catalog.list()[0]!, NOW).line,
    ).toBe('opus');
  });

  it('names only models that resolve as fallbacks of built-in ones, and prices that make sense', () => {
    const catalog = createModelCatalog({ settings: [], usable: ['anthropic', 'openai', 'gemini'] });
    for (const { fallback, prices, maxOutputTokens, contextWindow } of catalog.list()) {
      for (const id of fallback) expect(catalog.resolve(id)).not.toBeNull();
      expect(prices?.output ?? 0).toBeGreaterThanOrEqual(prices?.input ?? 0);
      expect(prices?.cache_read ?? 0).toBeLessThanOrEqual(prices?.input ?? 0);
      expect(maxOutputTokens).toBeLessThanOrEqual(contextWindow);
    }
  });
});

describe('models of named connections', () => {
  const connections = {
    lab: { protocol: 'openai', base_url: 'http://lab.example/v1' },
    team: { protocol: 'anthropic', base_url: null },
  } as const;
  const at = (connection: string, id: string) => ({ id, provider: 'openai', connection }) as const;

  it('are named with their connection’s name where another one has theirs', () => {
    const catalog = createModelCatalog({
      settings: [{ id: 'mine', provider: 'anthropic', connection: 'team', vendor_model: 'claude-opus-5-5' }],
      usable: ['openai', 'lab', 'team'],
      connections: { ...connections, openai: { base_url: null } },
      imported: [at('lab', 'gpt-6.1-sol'), at('lab', 'qwen3'), at('other', 'qwen3'), at('lab', 'mine')],
      listedOnly: ['lab'],
    });
    const reached = (id: string) => {
      const { connectionName, vendorModel } = catalog.resolve(id) ?? {};
      return [connectionName, vendorModel];
    };
    expect(reached('gpt-6.1-sol')).toEqual([undefined, 'gpt-6.1-sol']);
    expect(reached('lab/gpt-6.1-sol')).toEqual(['lab', 'gpt-6.1-sol']);
    expect(reached('qwen3')).toEqual(['lab', 'qwen3']);
    expect(reached('lab/qwen3')).toEqual(['lab', 'qwen3']);
    expect(reached('other/qwen3')).toEqual(['other', 'qwen3']);
    expect(reached('mine')).toEqual(['team', 'claude-opus-5-5']);
    expect(reached('lab/mine')).toEqual(['lab', 'mine']);
    expect(catalog.resolve('lab/unlisted')).toBeNull();
    expect(catalog.resolve('nobody/qwen3')).toBeNull();
    expect(catalog.list().map(({ id }) => id)).toEqual(expect.arrayContaining(['lab/mine', 'other/qwen3']));
  });

  it('are known by what the vendor calls them', () => {
    const catalog = createModelCatalog({ settings: [], usable: ['team'], connections });
    expect(catalog.resolve('team/claude-opus-5-5')).toMatchObject({
      provider: 'anthropic',
      connectionName: 'team',
      vendorModel: 'claude-opus-5-5',
      contextWindow: 1_000_000,
    });
    expect(catalog.resolve('claude-opus-5-5')).toBeNull();
    expect(catalog.resolve('lab/qwen3')).toBeNull();
  });
});
