import { expect, it } from 'vitest';
import { fallbackModel } from './fallback.ts';
import { createModelCatalog } from './model-catalog.ts';

const catalog = createModelCatalog({
  settings: [
    { id: 'a', provider: 'openai', fallback: ['missing', 'b', 'c'] },
    { id: 'b', provider: 'openai', fallback: ['d', 'a'] },
    { id: 'c', provider: 'openai' },
    { id: 'd', provider: 'openai' },
  ],
  usable: ['openai'],
});
const entry = (id: string) => {
  const found = catalog.resolve(id);
  if (found === null) throw new Error(`no model ${id}`);
  return found;
};

it('goes through the chain once, and through the chains of those in it', () => {
  expect(fallbackModel(catalog, entry('a'), 'model_overloaded', ['a'])?.id).toBe('b');
  expect(fallbackModel(catalog, entry('b'), 'model_billing', ['a', 'b'])?.id).toBe('d');
  expect(fallbackModel(catalog, entry('d'), 'model_unreachable', ['a', 'b', 'd'])?.id).toBe('c');
  expect(fallbackModel(catalog, entry('c'), 'model_unreachable', ['a', 'b', 'c', 'd'])).toBeNull();
});

it('knows none for a request that any model would refuse, and none where none is named', () => {
  expect(fallbackModel(catalog, entry('a'), 'model_request_refused', ['a'])).toBeNull();
  expect(fallbackModel(catalog, entry('c'), 'model_overloaded', ['c'])).toBeNull();
});
