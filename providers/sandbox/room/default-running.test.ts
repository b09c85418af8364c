import { totalmem } from 'node:os';
import { expect, it } from 'vitest';
import { defaultMaxRunning, memoryHere, roomSettings } from './default-running.ts';

const GIB = 1024 ** 3;

it('lets as many sandboxes run as the memory holds beside the service, and two at least', () => {
  expect([1, 2, 4, 8, 16, 64].map((gib) => defaultMaxRunning(gib * GIB))).toEqual([2, 4, 12, 28, 60, 252]);
});

it('counts the memory that a control group leaves of the machine', () => {
  expect(memoryHere(64 * GIB, 4 * GIB)).toBe(4 * GIB);
  expect(memoryHere(64 * GIB, 0)).toBe(64 * GIB);
  // What an unbounded group of version 1 says.
  expect(memoryHere(64 * GIB, 9_223_372_036_854_771_712)).toBe(64 * GIB);
  expect(memoryHere()).toBeLessThanOrEqual(totalmem());
});

it('says where the number comes from', async () => {
  const of = (max: Parameters<typeof roomSettings>[0]) => roomSettings(max, '/r', () => 8 * GIB)?.most();
  expect(await of('by_memory')).toEqual({
    count: 28,
    sentence:
      'At most 28 run at once, by the memory of 8.0 GiB (sandbox.max_running); one at rest makes room for another.',
  });
  expect(await of(3)).toMatchObject({
    count: 3,
    sentence: expect.stringMatching(/^At most 3 run at once \(/),
  });
  expect(of('unlimited')).toBeUndefined();
});
