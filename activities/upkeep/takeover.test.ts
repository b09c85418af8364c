import type { Client } from '@temporalio/client';
import pino from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WorkerRegistry } from '../../providers/store/worker-registry.ts';
import { createTakeover } from './takeover.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const token = (worker: string) => Buffer.from(worker);

it('reports the attempts of other workers when those of one are refused, and gives that one up in the end', async () => {
  const dead = new Map([
    [1, 'foreign'],
    [2, 'ours'],
  ]);
  const reported: string[] = [];
  const registry: Pick<WorkerRegistry, 'findDead' | 'forget'> = {
    findDead: () => Promise.resolve([...dead].map(([id, name]) => ({ id, name }))),
    forget: (id) => Promise.resolve(void dead.delete(id)),
  };
  const client = {
    options: { namespace: 'default' },
    workflowService: { resetStickyTaskQueue: () => Promise.resolve({}) },
    activity: {
      fail(taskToken: Uint8Array) {
        const worker = Buffer.from(taskToken).toString();
        if (worker === 'foreign') return Promise.reject(new Error('a token of another namespace'));
        reported.push(worker);
        return Promise.resolve();
      },
    },
  } as object as Client;
  const takeover = createTakeover({
    registry,
    engine: { releaseAttempts: () => Promise.resolve(0) },
    upkeep: {
      active: () => Promise.resolve([]),
      heldBy: (worker: string) =>
        Promise.resolve([{ sessionId: 's', stepKey: 't/1', taskToken: token(worker) }]),
    },
    client,
    log: pino({ level: 'silent' }),
  });
  takeover.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reported).toEqual(['ours']);
  expect([...dead.values()]).toEqual(['foreign']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(dead.size).toBe(0);
  await takeover.stop();
});
