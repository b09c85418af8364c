import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createReadiness } from './readiness.ts';
import { createSystemStatus } from './system-status.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const hanging = () => new Promise<never>(() => undefined);
const refusing = async () => {
  throw new Error('connect ECONNREFUSED 10.0.0.3:5432');
};

it('is answered within seconds when a part hangs, with what the others say', async () => {
  const report = createReadiness({ one: hanging, two: async () => ({ ok: true }) }).report();
  await vi.advanceTimersByTimeAsync(2_500);
  expect(await report).toEqual({
    ready: false,
    checks: { one: { ok: false, detail: expect.stringContaining('does not answer') }, two: { ok: true } },
  });
});

it('tells strangers nothing of what an error says', async () => {
  const { ready, checks } = await createReadiness({ one: refusing }).report();
  expect(ready).toBe(false);
  expect(checks['one']?.detail).not.toMatch(/ECONNREFUSED|10\./);
});

it('is over when the process stops, at once', async () => {
  const stopping = new AbortController();
  const readiness = createReadiness({ one: async () => ({ ok: true }) }, stopping.signal);
  expect((await readiness.report()).ready).toBe(true);
  stopping.abort();
  expect(await readiness.report()).toMatchObject({ ready: false, checks: { process: { ok: false } } });
});

it('takes the worst part for the whole, and a failure for a part that is down', async () => {
  const report = createSystemStatus({
    good: async () => ({ state: 'ok' }),
    late: hanging,
    broken: refusing,
  }).report();
  await vi.advanceTimersByTimeAsync(2_500);
  expect(await report).toEqual({
    status: 'down',
    parts: {
      good: { state: 'ok' },
      late: { state: 'down', detail: expect.stringContaining('does not answer') },
      broken: { state: 'down', detail: 'connect ECONNREFUSED 10.0.0.3:5432' },
    },
  });
});
