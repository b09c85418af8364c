import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { AppError } from '../../core/errors.ts';
import type { ModelSetting } from '../../core/models/model-setting.ts';
import { createLiveCatalog } from '../../providers/model/live-catalog.ts';
import { createModelLists } from './model-lists.ts';

/** A server whose list can be changed or taken away, the store between the processes, and a catalogue that reads it. */
function scene() {
  let served: string[] | null = ['llama'];
  let stored: ModelSetting[] = [];
  const said: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void said.push(line) });
  const catalog = createLiveCatalog({
    build: (imported) =>
      createModelCatalog({ settings: [], usable: ['openai'], imported, listedOnly: ['openai'] }),
    read: async () => stored,
    isElsewhere: async () => false,
    onProblem: (error) => {
      throw error;
    },
  });
  const lists = createModelLists({
    addresses: [{ provider: 'openai', baseUrl: 'http://models.example/v1', apiKey: 'k' }],
    list: async ({ provider }) => {
      if (served === null) throw new AppError('model_unreachable', 'The server is down.');
      return served.map((id) => ({ id, provider, base_url: 'http://models.example/v1' }));
    },
    store: {
      write: async (_provider, models) => {
        stored = [...models];
      },
    },
    onChange: () => catalog.reload(),
    log,
  });
  return {
    lists,
    catalog,
    said,
    serve: (models: string[] | null) => {
      served = models;
    },
    ids: () => catalog.list().map(({ id }) => id),
  };
}

describe('imported models', () => {
  it('come and go with the list of their server', async () => {
    const { lists, catalog, serve, ids } = scene();
    expect(ids()).toEqual(['demo']);
    await lists.refresh();
    expect(ids()).toEqual(['llama', 'demo']);
    expect(catalog.defaultModel).toBe('llama');
    const entry = catalog.resolve('llama');
    await lists.refresh();
    expect(catalog.resolve('llama')).toBe(entry);
    serve(['qwen']);
    await lists.refresh();
    expect(ids()).toEqual(['qwen', 'demo']);
  });

  it('stay while their server is down, which is told once', async () => {
    const { lists, said, serve, ids } = scene();
    await lists.refresh();
    serve(null);
    expect(await lists.refresh()).toBe(false);
    expect(await lists.refresh()).toBe(false);
    expect(ids()).toEqual(['llama', 'demo']);
    expect(said.filter((line) => line.includes('could not be read'))).toHaveLength(1);
    serve(['llama']);
    expect(await lists.refresh()).toBe(true);
    expect(said.at(-1)).toContain('listed again');
  });

  it('are asked for with the key of the moment', async () => {
    const keys = ['first', 'second'];
    const asked: (string | null)[] = [];
    const lists = createModelLists({
      addresses: [
        {
          provider: 'openai',
          baseUrl: null,
          get apiKey() {
            return keys.shift() ?? null;
          },
        },
      ],
      list: async ({ apiKey }) => {
        asked.push(apiKey);
        return [];
      },
      store: { write: async () => undefined },
      onChange: async () => undefined,
      log: pino({ level: 'silent' }),
    });
    await lists.refresh();
    await lists.refresh();
    expect(asked).toEqual(['first', 'second']);
  });
});
