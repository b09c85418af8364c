import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { HandedBack } from '../core/handed-back.ts';
import { AppError } from '../core/errors.ts';
import { toFailure } from './failures.ts';

describe('the translation of errors for Temporal', () => {
  it('fails for good what the table says never succeeds', () => {
    for (const code of [
      'session_gone',
      'session_superseded',
      'unstorable',
      'model_credentials_refused',
    ] as const) {
      const failure = toFailure(new AppError(code, 'no', { retryAfterMs: 5 }));
      expect(failure).toBeInstanceOf(ApplicationFailure);
      expect(failure).toMatchObject({ type: code, message: 'no', nonRetryable: true });
      expect((failure as ApplicationFailure).nextRetryDelay).toBeFalsy();
    }
  });

  it('retries what may pass, after the time that was named', () => {
    const failure = toFailure(new AppError('unavailable', 'later', { retryAfterMs: 1_500 }));
    expect(failure).toMatchObject({ type: 'unavailable', nonRetryable: false, nextRetryDelay: 1_500 });
  });

  it('lets an attempt that was handed back come again, scattered', () => {
    const { nextRetryDelay, ...failure } = toFailure(new HandedBack('Full.', 1_000)) as ApplicationFailure;
    expect(failure).toMatchObject({ type: 'handed_back', nonRetryable: false });
    expect(nextRetryDelay).toBeGreaterThanOrEqual(1_000);
    expect(nextRetryDelay).toBeLessThanOrEqual(2_000);
  });

  it('leaves foreign errors as they are, so that they are retried', () => {
    const error = new TypeError('a defect');
    expect(toFailure(error)).toBe(error);
  });
});
