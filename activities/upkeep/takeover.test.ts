import type { Client } from '@temporalio/client';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../core/errors.ts';
import type { TemporalEngine } from '../../providers/engine/temporal-engine.ts';
import type { WorkerRegistry } from '../../providers/store/worker-registry.ts';
import { createTakeover } from './takeover.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SECOND = 1_000;

/** A takeover from dead workers, each of which had one open row, among these active sessions. */
function takeoverFrom(
  names: readonly string[],
  sessions: readonly string[],
  answers: {
    fail?: (worker: string) => void;
    release?: (sessionId: string) => number;
    heldBy?: () => void;
  },
) {
  const dead = new Map(names.map((name, id) => [id, name]));
  const reported: string[] = [];
  const asked: string[] = [];
  const registry: Pick<WorkerRegistry, 'findDead' | 'forget'> = {
    findDead: () => Promise.resolve([...dead].map(([id, name]) => ({ id, name }))),
    forget: (id) => Promise.resolve(void dead.delete(id)),
  };
  const client = {
    options: { namespace: 'default' },
    workflowService: { resetStickyTaskQueue: () => Promise.resolve({}) },
    activity: {
      async fail(taskToken: Uint8Array) {
        const worker = Buffer.from(taskToken).toString();
        answers.fail?.(worker);
        reported.push(worker);
      },
    },
  } as object as Client;
  const engine: Pick<TemporalEngine, 'releaseAttempts'> = {
    async releaseAttempts(sessionId) {
      asked.push(sessionId);
      return answers.release?.(sessionId) ?? 0;
    },
  };
  const takeover = createTakeover({
    registry,
    engine,
    upkeep: {
      active: () => Promise.resolve([...sessions]),
      async heldBy(worker) {
        answers.heldBy?.();
        return [{ sessionId: 's', stepKey: 't/1', taskToken: Buffer.from(worker) }];
      },
    },
    client,
    log: pino({ level: 'silent' }),
  });
  return { takeover, dead, reported, asked };
}

describe('the takeover from dead workers', () => {
  it('passes over an attempt that Temporal refuses, such as one of another Temporal', async () => {
    const { takeover, dead, reported, asked } = takeoverFrom(['foreign', 'ours'], ['one'], {
      fail(worker) {
        if (worker === 'foreign') throw new Error('a token of another namespace');
      },
    });
    takeover.start();
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    expect(reported).toEqual(['ours']);
    expect(asked).toEqual(Array.from({ length: 6 }, () => 'one'));
    expect(dead.size).toBe(0);
    await takeover.stop();
  });

  it('asks for all sessions although some of them cannot be asked for', async () => {
    const broken = Array.from({ length: 40 }, (_, index) => `broken-${index}`);
    const { takeover, dead, asked } = takeoverFrom(['dead'], ['last', ...broken], {
      release(sessionId) {
        if (sessionId !== 'last') throw new Error('cannot be read');
        return 1;
      },
    });
    takeover.start();
    await vi.advanceTimersByTimeAsync(0.4 * SECOND);
    expect(asked).toContain('last');
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    expect(dead.size).toBe(0);
    await takeover.stop();
  });

  it('does not forget a dead worker before the last look for what it is given late', async () => {
    const { takeover, dead, reported, asked } = takeoverFrom(['dead'], ['one'], {});
    takeover.start();
    await vi.advanceTimersByTimeAsync(2.9 * SECOND);
    expect(dead.size).toBe(1);
    await vi.advanceTimersByTimeAsync(1.1 * SECOND);
    expect(dead.size).toBe(0);
    expect(asked).toHaveLength(3);
    expect(reported).toEqual(['dead']);
    await takeover.stop();
  });

  it('tries again while the store or Temporal is away, and gives up after half a minute', async () => {
    const { takeover, dead } = takeoverFrom(['dead'], ['one'], {
      heldBy() {
        throw new AppError('unavailable', 'The database cannot be reached.');
      },
    });
    takeover.start();
    await vi.advanceTimersByTimeAsync(25 * SECOND);
    expect(dead.size).toBe(1);
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    expect(dead.size).toBe(0);
    await takeover.stop();
  });
});
