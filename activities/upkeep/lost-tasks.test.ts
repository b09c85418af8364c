import pino from 'pino';
import { expect, it } from 'vitest';
import type { GivenAttempt, TemporalEngine } from '../../providers/engine/temporal-engine.ts';
import { createLostTasks } from './lost-tasks.ts';

const attemptOf = (activityId: string): GivenAttempt => ({ runId: 'run', activityId, attempt: 1 });
const LOOKS = 3;

it('ends an attempt that is absent in two looks, and none that is here or has just arrived', async () => {
  const here = new Set(['lives']);
  const given = new Set(['lives', 'arrives', 'lost']);
  /** What each look has ended. */
  const ended: string[][] = [];
  const engine: Pick<TemporalEngine, 'releaseLost'> = {
    async releaseLost(sessionId, worker, isLost) {
      if (sessionId === 'broken') throw new Error('cannot be read');
      expect(worker).toBe('mine');
      const lost = [...given].filter((activityId) => isLost(attemptOf(activityId)));
      for (const activityId of lost) given.delete(activityId);
      ended.push(lost);
      here.add('arrives');
      return lost.length;
    },
  };
  const lostTasks = createLostTasks({
    worker: 'mine',
    attempts: { has: ({ activityId }) => here.has(activityId) },
    upkeep: { active: () => Promise.resolve(['broken', 'session']) },
    engine,
    log: pino({ level: 'silent' }),
  });
  lostTasks.look();
  await expect.poll(() => ended.length, { timeout: 20_000 }).toBe(LOOKS);
  expect(ended).toEqual([[], ['lost'], []]);
  // Nothing more is asked for until the connection was lost once more.
  given.add('next');
  lostTasks.look();
  await expect.poll(() => ended.length, { timeout: 20_000 }).toBe(2 * LOOKS);
  expect(ended.slice(LOOKS)).toEqual([[], ['next'], []]);
  await lostTasks.stop();
});
