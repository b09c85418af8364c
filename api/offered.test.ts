import { describe, expect, it } from 'vitest';
import { AppError } from '../core/errors.ts';
import { createModelCatalog } from '../core/models/model-catalog.ts';
import { modelOfferOf } from '../core/models/model-offer.ts';
import type { ModelProviderKind } from '../core/models/model-entry.ts';
import { BUILT_IN_TOOLS } from '../core/schema/agent-toolset.ts';
import type { ToldOffer } from '../core/worker-offer.ts';
import { followOffers } from './offered.ts';

const offerOf = (...usable: ModelProviderKind[]) =>
  modelOfferOf(createModelCatalog({ settings: [], usable }));
const NO_SEARCH = [['web_search', 'no engine']] as const;

/** An api whose own settings name the keys in `own`, and have no search engine. */
async function scene(own: ModelProviderKind[], told: ToldOffer[], defaultModel: string | null = null) {
  const store = { told, isDown: false };
  const offered = await followOffers({
    own: () => ({ models: offerOf(...own), absentTools: NO_SEARCH }),
    defaultModel: () => defaultModel,
    workers: {
      read: async () => {
        if (store.isDown) throw new AppError('unavailable', 'down');
        return store.told;
      },
    },
    onProblem: () => undefined,
  });
  offered.close();
  const ask = async (id: string | null): Promise<'there' | 'absent' | 'open'> => {
    try {
      await offered.models.confirm(id, 'model');
    } catch (error) {
      expect(error).toMatchObject({ code: 'unavailable' });
      return 'open';
    }
    return offered.models.resolve(id ?? offered.models.defaultModel) === null ? 'absent' : 'there';
  };
  return { offered, store, ask };
}

const brain = (isAlive: boolean, ...usable: ModelProviderKind[]): ToldOffer => ({
  models: offerOf(...usable),
  absentTools: null,
  isAlive,
});
const hands = (isAlive: boolean, absentTools: ToldOffer['absentTools']): ToldOffer => ({
  models: null,
  absentTools,
  isAlive,
});

describe('what an api offers', () => {
  it('is what the workers can reach that run now, and not what its own settings name', async () => {
    const { offered, ask } = await scene(['openai'], [brain(true, 'anthropic'), brain(false, 'gemini')]);
    expect(await ask('claude-opus-5-5')).toBe('there');
    expect(await ask('gpt-6.1-sol')).toBe('absent');
    expect(await ask('gemini-3.8-flash')).toBe('absent');
    expect(await ask(null)).toBe('there');
    expect(offered.models.defaultModel).toBe('claude-sonnet-5-5');
    expect(offered.models.caution).toBeNull();
  });

  it('is an open question as long as no worker has spoken, save for what its own settings name', async () => {
    const { offered, ask, store } = await scene(['openai'], []);
    expect(await ask('gpt-6.1-sol')).toBe('there');
    expect(await ask('claude-opus-5-5')).toBe('open');
    expect(offered.models.caution).not.toBeNull();
    store.told = [brain(true, 'anthropic')];
    expect(await ask('claude-opus-5-5')).toBe('there');
    expect(await ask('nonsense')).toBe('absent');
  });

  it('has no stand-in for a model as long as nobody knows one', async () => {
    const { ask, store } = await scene([], []);
    expect(await ask(null)).toBe('open');
    store.told = [brain(true)];
    expect(await ask(null)).toBe('there');
    expect(await (await scene([], [], 'demo')).ask('demo')).toBe('there');
  });

  it('is what the last worker said while none runs; whether there is more is open', async () => {
    const { offered, ask, store } = await scene([], [brain(false, 'anthropic'), brain(false, 'gemini')]);
    expect(await ask('claude-opus-5-5')).toBe('there');
    expect(await ask('gemini-3.8-flash')).toBe('open');
    expect(offered.models.caution).not.toBeNull();
    store.told = [brain(true), brain(false, 'anthropic')];
    expect(await ask('gemini-3.8-flash')).toBe('absent');
    expect(await ask('claude-opus-5-5')).toBe('absent');
  });

  it('stays as it was while the store is down, and says so of the rest', async () => {
    const { ask, store } = await scene([], [brain(true, 'anthropic')]);
    store.isDown = true;
    expect(await ask('claude-opus-5-5')).toBe('there');
    expect(await ask('gpt-6.1-sol')).toBe('open');
  });

  it('lacks the tools that a worker lacks to whose sandboxes a session may come', async () => {
    const { offered, store, ask } = await scene([], []);
    const absent = (): string[] => [...offered.absentTools().keys()];
    expect(absent()).toEqual(['web_search']);
    store.told = [hands(true, []), hands(true, NO_SEARCH)];
    await ask('nonsense');
    expect(absent()).toEqual(['web_search']);
    expect(offered.absentTools().get('web_search')).toBe('not all workers have it: no engine');
    store.told = [hands(true, NO_SEARCH), hands(true, NO_SEARCH)];
    await ask('nonsense');
    expect(offered.absentTools().get('web_search')).toBe('no engine');
    store.told = [
      hands(
        true,
        BUILT_IN_TOOLS.map((name) => [name, 'none']),
      ),
      hands(true, []),
    ];
    await ask('nonsense');
    expect(absent()).toEqual([]);
    store.told = [hands(false, []), hands(false, NO_SEARCH)];
    await ask('nonsense');
    expect(absent()).toEqual([]);
  });
});
