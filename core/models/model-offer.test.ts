import { describe, expect, it } from 'vitest';
import type { Protocol } from './connection.ts';
import { createModelCatalog } from './model-catalog.ts';
import type { OpenAiApi } from './model-entry.ts';
import { joinOffers, modelOfferOf } from './model-offer.ts';

const offerOf = (...input: Parameters<typeof createModelCatalog>) =>
  modelOfferOf(createModelCatalog(...input));

describe('what a catalogue offers', () => {
  it('holds no secret and no address, and is all that others need to know', () => {
    const catalog = createModelCatalog({
      usable: ['anthropic'],
      settings: [
        { id: 'keyed', provider: 'openai', api_key: 'secret-1', api_key_file: '/secret-2' },
        { id: 'signed', provider: 'openai', extra_headers: { authorization: 'secret-3' } },
        {
          id: 'served',
          provider: 'openai',
          base_url: 'https://user:secret-4@secret-5.example/v1?key=secret-6',
        },
        { id: 'bodied', provider: 'anthropic', extra_body: { token: 'secret-7' }, prices: { input: 3 } },
      ],
    });
    const offer = modelOfferOf(catalog);
    expect(JSON.stringify(offer)).not.toContain('secret');
    const told = joinOffers([JSON.parse(JSON.stringify(offer))], null);
    const plain = ({ connection: _connection, ...known }: ReturnType<typeof catalog.list>[number]) => known;
    expect(told.list().map(plain)).toEqual(catalog.list().map(plain));
    expect(told.defaultModel).toBe('claude-sonnet-5-5');
    expect(told.resolve('claude-opus-9')?.displayName).toBe(catalog.resolve('claude-opus-9')?.displayName);
    expect(told.resolve('gpt-9')).toBeNull();
  });
});

describe('several offers', () => {
  const demo = offerOf({ settings: [], usable: [] });
  const claude = offerOf({ settings: [], usable: ['anthropic'] });
  const ours = offerOf({ settings: [{ id: 'ours', provider: 'openai', has_key: true }], usable: ['gemini'] });

  it('are joined to what any of them has', () => {
    const joined = joinOffers([demo, claude, ours], null);
    const ids = joined.list().map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids).toEqual(expect.arrayContaining(['demo', 'claude-opus-5-5', 'ours', 'gemini-3.8-flash']));
    expect(joined.resolve('gemini-9')).not.toBeNull();
    expect(joined.resolve('gpt-9')).toBeNull();
    expect(joined.defaultModel).toBe('claude-sonnet-5-5');
    expect(joinOffers([demo, ours], null).defaultModel).toBe(ours.defaultModel);
    expect(joinOffers([demo, ours], 'ours').defaultModel).toBe('ours');
    expect(joinOffers([], null).defaultModel).toBe('demo');
  });

  it.each<[string, { protocol: Protocol; base_url: string | null; api?: OpenAiApi }, string, object]>([
    [
      'local',
      { protocol: 'openai', base_url: 'http://secret.example/v1' },
      'gpt-5',
      { prices: null, defaultEffort: null, contextWindow: 400_000, wire: 'compatible' },
    ],
    [
      'fast',
      { protocol: 'openai', base_url: 'https://api.groq.com/openai/v1' },
      'llama-3.3-70b-versatile',
      { prices: expect.objectContaining({ input: 0.59 }) },
    ],
    ['second', { protocol: 'anthropic', base_url: null }, 'claude-opus-4-1', { wire: 'messages' }],
    [
      'corp',
      { protocol: 'openai', base_url: 'http://secret.example/v1', api: 'responses' },
      'gpt-5',
      { wire: 'responses' },
    ],
    [
      'work',
      { protocol: 'openai', base_url: 'https://secret.openai.azure.com/openai/v1' },
      'gpt-4.1',
      { wire: 'chat', prices: expect.objectContaining({ input: 2 }) },
    ],
    ['moon', { protocol: 'openai', base_url: 'https://api.moonshot.ai/v1' }, 'kimi-k2-thinking', {}],
  ])(
    'know the same of a further model of the connection %s as who reaches it',
    (name, place, model, facts) => {
      const catalog = createModelCatalog({ settings: [], usable: [name], connections: { [name]: place } });
      const offer = modelOfferOf(catalog);
      expect(JSON.stringify(offer)).not.toContain('secret');
      const id = `${name}/${model}`;
      const entry = catalog.resolve(id);
      expect(entry).toMatchObject(facts);
      expect(joinOffers([JSON.parse(JSON.stringify(offer))], null).resolve(id)).toEqual(entry);
      // Who learns something of a model remembers it by its entry.
      expect(catalog.resolve(id)).toBe(entry);
    },
  );
});
