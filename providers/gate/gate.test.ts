import { expect, it } from 'vitest';
import { createGate } from './gate.ts';

const never = new AbortController().signal;
const settled = async () => new Promise<void>((resolve) => setImmediate(resolve));

it('is left once by each, however often that is said', async () => {
  const gate = createGate(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  await Promise.all(
    [0, 1, 2, 3, 4].map(async (number) => {
      const leave = await gate.enter();
      order.push(number);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      leave();
      leave();
    }),
  );
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});

it('lets so many in at once, and the others in their order as soon as one leaves', async () => {
  const gate = createGate(2);
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
  const gate = createGate(1);
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
