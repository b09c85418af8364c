import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NO_CGROUPS } from './cgroups.ts';
import { startGroupWatch } from './group-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('goes on after a look that failed, and says so', () => {
  let looks = 0;
  const log = vi.fn<(message: string, details?: Record<string, string | number>) => void>();
  const names = () => {
    looks += 1;
    throw new Error('EMFILE: too many open files');
  };
  const watch = startGroupWatch(
    { ...NO_CGROUPS, version: 'v1', names },
    { all: 'folder', sandboxes: 'folder-' },
    log,
  );
  vi.advanceTimersByTime(10_000);
  watch.end();
  expect(looks).toBe(21);
  expect(log.mock.lastCall).toEqual([
    'the control groups of sandboxes could not be looked after',
    { error: 'Error: EMFILE: too many open files' },
  ]);
  vi.advanceTimersByTime(10_000);
  expect(looks).toBe(21);
});
