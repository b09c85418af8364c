import { describe, expect, it } from 'vitest';

import { createTurns, NoTurnError } from './turns.ts';

describe('turns', () => {
  it('are refused to whoever waits too long, and go on afterwards', async () => {
    const turns = createTurns(1, 20);
    const first = Promise.withResolvers<string>();
    const running = turns.take('a', () => first.promise);
    await expect(turns.take('a', () => Promise.resolve('second'))).rejects.toBeInstanceOf(NoTurnError);
    first.resolve('first');
    expect(await running).toBe('first');
    expect(await turns.take('a', () => Promise.resolve('third'))).toBe('third');
  });
  it('come in the order of asking, also after one that failed', async () => {
    const turns = createTurns(1, 10_000);
    const seen: number[] = [];
    const all = [0, 1, 2, 3].map((number) =>
      turns.take('a', async () => {
        seen.push(number);
        await Promise.resolve();
        if (number === 0) throw new Error('failed');
      }),
    );
    await Promise.allSettled(all);
    expect(seen).toEqual([0, 1, 2, 3]);
  });
});
