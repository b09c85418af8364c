import { expect, it } from 'vitest';
import { createTurns } from './turns.ts';

it('lets so many run at once, and the others in order', async () => {
  const turns = createTurns(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  await Promise.all(
    [0, 1, 2, 3, 4].map(async (number) => {
      const giveBack = await turns.take();
      order.push(number);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      giveBack();
      giveBack();
    }),
  );
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});
