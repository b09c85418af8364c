import pino from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startHousekeeping } from './housekeeping.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('removes long expired files also in an api that is replaced more often than once an hour, and goes on after a failure', async () => {
  const removeExpired = vi.fn(async () => 3).mockRejectedValueOnce(new Error('no database'));
  const counted: number[] = [];
  const count = (_what: string, files: number) => void counted.push(files);
  const stop = startHousekeeping({ removeExpired }, count, pino({ level: 'silent' }));
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(removeExpired).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2 * 3_600_000);
  expect(counted).toEqual([3, 3]);
  stop();
  await vi.advanceTimersByTimeAsync(24 * 3_600_000);
  expect(removeExpired).toHaveBeenCalledTimes(3);
});
