import { describe, expect, it } from 'vitest';
import { createModelCatalog } from './model-catalog.ts';
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

  it('know no more of a further model of a named connection than who reaches it', () => {
    const catalog = createModelCatalog({
      settings: [],
      usable: ['local'],
      connections: { local: { protocol: 'openai', base_url: 'http://secret.example/v1' } },
    });
    const offer = modelOfferOf(catalog);
    expect(JSON.stringify(offer)).not.toContain('secret');
    const facts = { prices: null, defaultEffort: null, contextWindow: 400_000 };
    expect(catalog.resolve('local/gpt-5')).toMatchObject(facts);
    expect(joinOffers([JSON.parse(JSON.stringify(offer))], null).resolve('local/gpt-5')).toMatchObject(facts);
  });
});
