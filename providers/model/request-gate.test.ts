import { expect, it } from 'vitest';
import type { ModelProvider } from './model-provider.ts';
import { createRequestGate, gatedProvider } from './request-gate.ts';

const never = new AbortController().signal;
const settled = async () => new Promise<void>((resolve) => setImmediate(resolve));

it('lets so many in at once, and the others in their order as soon as one leaves', async () => {
  const gate = createRequestGate(2);
  const entered: number[] = [];
  const leaves = [0, 1, 2, 3].map(async (index) => {
    const leave = await gate.enter(never);
    entered.push(index);
    return leave;
  });
  await settled();
  expect(entered).toEqual([0, 1]);
  (await leaves[1])?.();
  await settled();
  expect(entered).toEqual([0, 1, 2]);
  (await leaves[0])?.();
  (await leaves[2])?.();
  await settled();
  expect(entered).toEqual([0, 1, 2, 3]);
  (await leaves[3])?.();
  (await gate.enter(never))();
});

it('forgets who gives up while waiting, and is not entered by who gave up before', async () => {
  const gate = createRequestGate(1);
  const leave = await gate.enter(never);
  const impatient = new AbortController();
  const waiting = gate.enter(impatient.signal);
  const next = gate.enter(never);
  const reason = new Error('interrupted');
  impatient.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(gate.enter(impatient.signal)).rejects.toBe(reason);
  leave();
  (await next)();
});

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
  const gated = gatedProvider(provider, createRequestGate(1));
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
