import { expect, it, vi } from 'vitest';
import { createBatch } from './batch.ts';

it('hands on together what comes close together, in its order', () => {
  vi.useFakeTimers();
  const handed: number[][] = [];
  const batch = createBatch<number>(50, (items) => handed.push(items));
  batch.add([1]);
  batch.add([2, 3]);
  expect(handed).toEqual([]);
  vi.advanceTimersByTime(50);
  batch.add([4]);
  batch.flush();
  batch.add([5]);
  batch.close();
  vi.advanceTimersByTime(100);
  expect(handed).toEqual([[1, 2, 3], [4]]);
  vi.useRealTimers();
});
