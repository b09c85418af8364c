import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../core/errors.ts';
import { createModelOutages, type ModelOutages } from './model-outages.ts';

const overloaded = new AppError('model_overloaded', 'Too busy.');

describe('what a worker remembers of models that it gave up', () => {
  let moment = 0;
  let outages: ModelOutages;
  beforeEach(() => {
    moment = 1_000_000;
    outages = createModelOutages(60_000, () => moment);
  });

  it('is nothing before one fails, and nothing where it is to remember nothing', () => {
    expect([outages.any(), outages.take('a'), outages.isDown('a')]).toEqual([false, null, false]);
    const forgetful = createModelOutages(0, () => moment);
    forgetful.failed('a', overloaded);
    expect(forgetful.any()).toBe(false);
  });

  it('keeps everybody from a model for a while, says why, and leaves others alone', () => {
    outages.failed('a', overloaded);
    moment += 20_000;
    expect(outages.take('a')).toEqual({
      code: 'model_overloaded',
      message: 'a is not asked: it failed 20 s ago (Too busy.) and is tried again in 40 s.',
    });
    expect([outages.isDown('a'), outages.isDoubtful('a')]).toEqual([true, true]);
    expect([outages.take('b'), outages.isDown('b'), outages.isDoubtful('b')]).toEqual([null, false, false]);
  });

  it('lets one try it afterwards, and the others when that one says nothing', () => {
    outages.failed('a', overloaded);
    moment += 60_000;
    expect(outages.take('a')).toBeNull();
    expect(outages.take('a')?.message).toContain('is being tried again');
    expect(outages.isDoubtful('a')).toBe(true);
    moment += 60_000;
    expect(outages.take('a')).toBeNull();
  });

  it('begins anew when the trial fails, and ends when it succeeds', () => {
    outages.failed('a', overloaded);
    moment += 60_000;
    outages.take('a');
    outages.failed('a', overloaded);
    expect(outages.take('a')?.message).toContain('is tried again in 60 s');
    outages.answered('a');
    expect([outages.any(), outages.take('a'), outages.isDoubtful('a')]).toEqual([false, null, false]);
  });

  it('waits as long as the vendor asks for, up to ten minutes', () => {
    outages.failed('a', new AppError('model_rate_limited', 'Later.', { retryAfterMs: 120_000 }));
    outages.failed('b', new AppError('model_rate_limited', 'Tomorrow.', { retryAfterMs: 86_400_000 }));
    moment += 119_999;
    expect(outages.isDown('a')).toBe(true);
    moment += 1;
    expect([outages.isDown('a'), outages.isDown('b')]).toEqual([false, true]);
    moment += 480_000;
    expect(outages.isDown('b')).toBe(false);
  });
});
