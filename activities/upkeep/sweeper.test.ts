import { ServiceError } from '@temporalio/client';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import type { TemporalEngine } from '../../providers/engine/temporal-engine.ts';
import { createInMemoryJournal } from '../../providers/store/in-memory/journal.ts';
import type { UnsignalledEvents, Upkeep } from '../../providers/store/upkeep.ts';
import { createSweeper } from './sweeper.ts';

const refusing = () => Promise.reject(new Error('not asked for'));

function waiting(sessionId: string, body: UnsignalledEvents['events'][number]['body']): UnsignalledEvents {
  const event = { arrival: 1, id: 'sevt_1', type: 'user.message', seq: null, ref: null, body };
  return { sessionId, workspaceId: 'w', archived: false, events: [event] };
}

/** A sweeper over sessions that wait for their signal; the engine does with each what `signal` says. */
function sweeperOver(unsignalled: UnsignalledEvents[], signal: (sessionId: string) => void) {
  const signalled: string[] = [];
  const upkeep: Upkeep = {
    unsignalled: () => Promise.resolve(unsignalled),
    quiet: () => Promise.resolve([]),
    tombstones: () => Promise.resolve(['gone', 'stuck', 'gone too']),
    newEpoch: refusing,
    newestInterrupts: refusing,
    active: refusing,
    heldBy: refusing,
    temporalIdentity: refusing,
  };
  const removed: string[] = [];
  const engine: TemporalEngine = {
    start: refusing,
    signal: refusing,
    remove: refusing,
    check: refusing,
    startRun: refusing,
    redirectCalls: refusing,
    releaseAttempts: refusing,
    releaseLost: refusing,
    stateOf: () => Promise.resolve('missing'),
    signalRun(sessionId) {
      signal(sessionId);
      signalled.push(sessionId);
      return Promise.resolve('acknowledged');
    },
    removeRuns(sessionId) {
      if (sessionId === 'stuck') return Promise.reject(new Error('Temporal refuses this one'));
      removed.push(sessionId);
      return Promise.resolve(0);
    },
  };
  const sweeper = createSweeper({
    upkeep,
    journal: createInMemoryJournal(() => 1),
    engine,
    blobs: createInMemoryBlobStore(),
    lease: { held: () => Promise.resolve(true), release: () => Promise.resolve() },
    log: pino({ level: 'silent' }),
    now: () => 1_000_000,
  });
  return { sweeper, signalled, removed };
}

describe('a sweep', () => {
  const readable = () => ({ type: 'user.message' });

  it('reaches the other sessions when one of them cannot be signalled or read', async () => {
    const unreadable = () => {
      throw new AppError('internal', 'its key is missing');
    };
    const { sweeper, signalled, removed } = sweeperOver(
      [
        waiting('one', readable),
        waiting('locked', unreadable),
        waiting('full', readable),
        waiting('last', readable),
      ],
      (sessionId) => {
        if (sessionId === 'full') throw new Error('exceeded workflow execution limit for signal events');
      },
    );
    await sweeper.sweep();
    expect(signalled).toEqual(['one', 'last']);
    expect(removed).toEqual(['gone', 'gone too']);
  });

  const refused = Object.assign(new Error('no connection'), { code: 14, details: '', metadata: {} });
  it.each([
    ['the store', new AppError('unavailable', 'nobody answers')],
    ['Temporal', new ServiceError('Failed to signal', { cause: refused })],
  ])('does not try every session while %s does not answer', async (_who, error) => {
    let tries = 0;
    const { sweeper, signalled } = sweeperOver([waiting('one', readable), waiting('two', readable)], () => {
      tries++;
      throw error;
    });
    await sweeper.sweep();
    expect([tries, signalled]).toEqual([1, []]);
  });
});
