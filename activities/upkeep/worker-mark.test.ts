import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { machineMark } from '../../providers/blob/host-marks.ts';
import { keepWorkerMark } from './worker-mark.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const log = { warn: () => undefined };

it('a worker leaves its mark when it starts, again when that failed, and renews it until it stops', async () => {
  let isDown = true;
  const left = vi.fn<(name: string) => Promise<void>>(async () => {
    if (isDown) throw new Error('down');
  });
  const mark = await keepWorkerMark({ machine: 'm', marks: { leave: left }, log });
  expect(left).toHaveBeenCalledExactlyOnceWith(machineMark('m'));
  isDown = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(left).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(30 * 60_000);
  expect(left).toHaveBeenCalledTimes(4);
  mark.stop();
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  expect(left).toHaveBeenCalledTimes(4);
});

it('a worker starts though its blobs do not answer', async () => {
  const starting = keepWorkerMark({
    machine: 'm',
    marks: { leave: async () => new Promise(() => undefined) },
    log,
  });
  await vi.advanceTimersByTimeAsync(2_000);
  (await starting).stop();
});
