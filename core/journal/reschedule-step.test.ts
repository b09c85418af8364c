import { describe, expect, it } from 'vitest';
import { anOpenRow, countingIds, journalView } from '../../test/doubles/journal-view.ts';
import { rescheduleStep, RETRY_BUDGET, type StepFailure } from './reschedule-step.ts';
import { FRESH_TURN } from './turn.ts';

const attempt = { sessionId: 'sesn_test', epoch: 1, threadId: 'sthr_test', step: 4, seals: [], fence: 10 };
const failure: StepFailure = {
  model: 'first',
  retry: 'later',
  lost: null,
  error: (retry, also = '') => ({
    type: 'model_overloaded_error',
    message: `down. ${also}`,
    retry_status: { type: retry },
  }),
  fallback: { model: 'second', afterFailures: 3 },
};
const key = 'sthr_test/4';
const viewOf = (row: Parameters<typeof anOpenRow>[1], turn = FRESH_TURN) =>
  journalView({ head: { status: 'running' }, thread: { step: 3, turn }, row: anOpenRow(key, row) });
const after = (row: Parameters<typeof anOpenRow>[1], parts: Partial<StepFailure> = {}, turn = FRESH_TURN) =>
  rescheduleStep(viewOf(row, turn), attempt, { ...failure, ...parts }, countingIds());

describe('a failure of the provider', () => {
  it('is retried with the same model until its failures are used up, then with the next', () => {
    expect(after({ failures: 1 })).toMatchObject({ kind: 'rescheduled', failures: 2 });
    const moved = after({ failures: 2, firstFailureAt: 900 });
    expect(moved).toMatchObject({
      kind: 'moved',
      model: 'second',
      writes: {
        head: { status: 'running' },
        thread: { step: 3, turn: { detour: { failed: ['first'], model: 'second' } } },
        steps: [{ key, failures: 0, firstFailureAt: null, span: null, outcome: null }],
      },
    });
    expect(moved.writes?.entries.at(-1)).toMatchObject({
      event: {
        type: 'session.error',
        body: {
          error: {
            message: 'down. The turn goes on with second.',
            retry_status: { type: 'retrying' },
            fallback_model: 'second',
          },
        },
      },
    });
  });

  it('moves at once where no retry can help, and remembers every model that failed', () => {
    const turn = { ...FRESH_TURN, detour: { failed: ['zeroth'], model: 'first' } };
    expect(after({ failures: 0 }, { retry: 'never' }, turn)).toMatchObject({
      kind: 'moved',
      writes: { thread: { turn: { detour: { failed: ['zeroth', 'first'], model: 'second' } } } },
    });
  });

  it('is the end where no other model stands by: at once, or when the retries are used up', () => {
    expect(after({ failures: 0 }, { retry: 'never', fallback: null })).toMatchObject({ kind: 'exhausted' });
    const last = { failures: RETRY_BUDGET.failures - 1 };
    expect(after(last, { fallback: null })).toMatchObject({ kind: 'exhausted' });
    expect(after({ failures: 2 }, { fallback: null })).toMatchObject({ kind: 'rescheduled' });
  });

  it('is nobody’s who no longer holds the step', () => {
    expect(after({ failures: 2, fence: 11 })).toEqual({ kind: 'stale', writes: null });
  });
});
