import { expect, it, vi } from 'vitest';
import { AppError } from '../core/errors.ts';
import type { AcceptView } from '../core/journal/accept.ts';
import type { Decision } from '../core/journal/decision.ts';
import type { SessionTrouble } from '../providers/telemetry/trouble-log.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { transactStep } from './transact-step.ts';

const view = { head: { workspaceId: 'w' }, thread: { trace: null } } as unknown as AcceptView;
const event = {
  id: 'evt_1',
  type: 'session.error',
  body: { error: { type: 'billing_error', message: 'No money.', retry_status: { type: 'exhausted' } } },
};
const decision = {
  kind: 'outcome',
  writes: { entries: [{ kind: 'append', event }], stepKey: 'step:1' },
} as unknown as Decision;
const modelFailure = { error: new AppError('model_billing', 'No money.'), model: 'm', entry: null };

/** A step whose commit is not answered; `stored` says what its events are at each look afterwards. */
async function loseAnswer(stored: () => { id: string }[]): Promise<SessionTrouble[]> {
  const told: SessionTrouble[] = [];
  const deps = {
    journal: {
      async transact(_: unknown, decide: (given: AcceptView) => unknown) {
        decide(view);
        throw new AppError('commit_unknown', 'The database went away while it committed.');
      },
      setup: async () => ({ workspaceId: 'w' }),
      eventsOfStep: async () => stored(),
    },
    troubles: { session: (trouble: SessionTrouble) => void told.push(trouble), tool: () => undefined },
  } as unknown as ActivityDependencies;
  const request = { sessionId: 's', epoch: 1, rowKey: 'step:1', modelFailure };
  await expect(transactStep(deps, request, () => decision)).rejects.toMatchObject({ code: 'commit_unknown' });
  return told;
}

it('tells once, with its cause, of an error that a commit without an answer has journaled', async () => {
  let looks = 0;
  const told = await loseAnswer(() => {
    looks += 1;
    if (looks === 1) throw new AppError('unavailable', 'Not back yet.');
    return [{ id: 'evt_1' }];
  });
  const expected = { effect: 'ends_turn', sessionId: 's', code: 'model_billing', model: 'm' };
  await vi.waitFor(() => expect(told).toMatchObject([expected]), 30_000);
});

it('tells nothing of what was rolled back: the next attempt does', async () => {
  vi.useFakeTimers();
  const told = await loseAnswer(() => [{ id: 'evt_of_the_next_attempt' }]);
  await vi.advanceTimersByTimeAsync(120_000);
  vi.useRealTimers();
  expect(told).toEqual([]);
});
