import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStreamGuard } from './stream-guard.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const LIMITS = { totalMs: 10_000, stallMs: 1_000 };
const never = new AbortController().signal;

it('ends a request that brings no content for the whole time', () => {
  const guard = createStreamGuard(LIMITS, 'Vendor', never);
  vi.advanceTimersByTime(999);
  expect(guard.signal.aborted).toBe(false);
  vi.advanceTimersByTime(2);
  expect(guard.reason()?.error).toMatchObject({
    code: 'model_unreachable',
    message: 'Vendor sent no content for 1 s.',
  });
  expect(guard.signal.aborted).toBe(true);
});

it('lets a request go on as long as content comes, up to the total', () => {
  const guard = createStreamGuard(LIMITS, 'Vendor', never);
  for (let second = 0; second < 11; second += 1) {
    vi.advanceTimersByTime(900);
    guard.progress();
  }
  expect(guard.signal.aborted).toBe(false);
  vi.advanceTimersByTime(200);
  expect(guard.reason()?.error).toMatchObject({ message: 'Vendor did not finish its answer within 10 s.' });
});

it('does not count the time in which the consumer has the floor', () => {
  const guard = createStreamGuard({ totalMs: 100_000, stallMs: 1_000 }, 'Vendor', never);
  guard.hold();
  vi.advanceTimersByTime(20_000);
  expect(guard.signal.aborted).toBe(false);
  guard.progress();
  vi.advanceTimersByTime(1_001);
  expect(guard.signal.aborted).toBe(true);
});

it('passes the caller’s abort on with its reason, also one that came before', () => {
  const controller = new AbortController();
  const guard = createStreamGuard(LIMITS, 'Vendor', controller.signal);
  controller.abort('stop');
  expect(guard.signal.reason).toBe('stop');
  expect(guard.reason()).toEqual({ error: 'stop' });
  expect(createStreamGuard(LIMITS, 'Vendor', AbortSignal.abort('gone')).reason()).toEqual({ error: 'gone' });
});

it('leaves nothing behind when it is stopped', () => {
  const controller = new AbortController();
  const guard = createStreamGuard(LIMITS, 'Vendor', controller.signal);
  guard.stop();
  controller.abort('late');
  expect(guard.signal.aborted).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
