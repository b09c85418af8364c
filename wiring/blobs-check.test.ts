import { expect, it } from 'vitest';
import type { HostSeen, WorkerSeen } from '../core/health/judge-workers.ts';
import { machineMark } from '../providers/blob/host-marks.ts';
import { blobsCheck } from './blobs-check.ts';

const common = { namespace: 'default', taskQueue: 'ours', handsTaskQueue: 'ours', blobs: 'folder', keys: [] };
const worker = (machine: string, seen: Partial<WorkerSeen> = {}): WorkerSeen => ({
  machine,
  role: 'brain',
  sandboxHost: null,
  hands: null,
  common,
  ...seen,
});
const host: HostSeen = { id: 'h1', driver: 'bubblewrap', ready: true, silentMs: 1_000 };

const found = async (workers: WorkerSeen[], here: string[]) =>
  blobsCheck(
    {
      view: { hosts: async () => [host], workers: async () => workers },
      marks: {
        check: async () => undefined,
        leave: async () => undefined,
        missing: async (ids) => ids.filter((id) => !here.includes(id)),
      },
    },
    45_000,
  )();

it('blobs are degraded when a worker without sandboxes stores them elsewhere', async () => {
  expect(await found([worker('thinks')], ['h1', machineMark('thinks')])).toEqual({ state: 'ok' });
  expect(await found([worker('thinks')], ['h1'])).toMatchObject({
    state: 'degraded',
    detail: expect.stringContaining('a worker on thinks'),
  });
});

it('workers that leave no mark of their own are not missed: those with sandboxes, and those of earlier versions', async () => {
  const others = [worker('works', { role: 'hands', sandboxHost: 'h1' }), worker('old', { common: null })];
  expect(await found(others, ['h1'])).toEqual({ state: 'ok' });
});
