import { expect, it } from 'vitest';
import { createGate } from '../gate/gate.ts';
import { gatedProvider } from './gated-provider.ts';
import type { ModelProvider } from './model-provider.ts';

const never = new AbortController().signal;
const settled = async () => new Promise<void>((resolve) => setImmediate(resolve));

it('sends the requests of a provider one after the other, whether they end, fail or are left', async () => {
  let open = 0;
  let most = 0;
  const ends = ['finish', 'fail', 'left', 'finish'];
  const provider: ModelProvider = {
    name: 'test',
    async *stream({ model }) {
      most = Math.max(most, ++open);
      try {
        await settled();
        yield { type: 'block-start', index: 0, block: 'text' };
        if (model === 'fail') throw new Error('failed');
      } finally {
        open--;
      }
    },
  };
  const gated = gatedProvider(provider, createGate(1));
  const ask = async (model: string) => {
    const request = { model, system: '', messages: [], tools: [], maxOutputTokens: 1, sessionId: 's' };
    for await (const _part of gated.stream(request, never)) if (model === 'left') return 'left';
    return 'finish';
  };
  const outcomes = await Promise.all(ends.map(async (model) => ask(model).catch(() => 'fail')));
  expect(outcomes).toEqual(ends);
  expect(most).toBe(1);
  expect(gated.name).toBe('test');
});
