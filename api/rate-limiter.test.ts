import { describe, expect, it } from 'vitest';
import { createRateLimiter, type Rate } from './rate-limiter.ts';

function make(limits: Partial<Parameters<typeof createRateLimiter>[0]>) {
  let now = 1_000_000;
  const none = {
    requestsPerKey: null,
    sessionsPerKey: null,
    createsPerWorkspace: null,
    readsPerWorkspace: null,
    streamsPerKey: null,
  };
  const limiter = createRateLimiter({ ...none, ...limits }, () => now);
  const tries = (rate: Rate, keyId: string | null, times: number): number => {
    let passed = 0;
    for (let index = 0; index < times; index += 1) {
      try {
        limiter.take({ workspaceId: 'w', keyId }, rate);
        passed += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'rate_limited' });
      }
    }
    return passed;
  };
  return {
    limiter,
    tries,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

describe('a rate limiter', () => {
  it('lets a minute’s worth through at once, then as many as time brings', () => {
    const { tries, pass } = make({ createsPerWorkspace: 300 });
    expect(tries('create', 'k', 400)).toBe(300);
    pass(1_000);
    expect(tries('create', 'k', 400)).toBe(5);
    pass(3_600_000);
    expect(tries('create', 'k', 400)).toBe(300);
  });

  it('counts the keys of a workspace together, and reads apart from creates', () => {
    const { tries } = make({ createsPerWorkspace: 10, readsPerWorkspace: 20 });
    expect(tries('create', 'one', 6)).toBe(6);
    expect(tries('session', 'two', 6)).toBe(4);
    expect(tries('read', 'two', 30)).toBe(20);
    expect(tries('write', 'two', 30)).toBe(30);
  });

  it('counts requests and new sessions per key', () => {
    const { tries } = make({ requestsPerKey: 10, sessionsPerKey: 2 });
    expect(tries('session', 'one', 5)).toBe(2);
    expect(tries('write', 'one', 20)).toBe(8);
    expect(tries('session', 'two', 5)).toBe(2);
  });

  it('says when the next request is allowed', () => {
    const { limiter, tries } = make({ readsPerWorkspace: 60 });
    tries('read', 'k', 60);
    expect(() => limiter.take({ workspaceId: 'w', keyId: 'k' }, 'read')).toThrow(
      expect.objectContaining({ retryAfterMs: 1_000 }),
    );
  });

  it('does not limit callers without a key', () => {
    const { limiter, tries } = make({ createsPerWorkspace: 1, streamsPerKey: 1 });
    expect(tries('create', null, 50)).toBe(50);
    const close = [1, 2, 3].map(() => limiter.openStream({ workspaceId: 'w', keyId: null }));
    expect(close).toHaveLength(3);
  });

  it('counts open streams until they close', () => {
    const { limiter } = make({ streamsPerKey: 2 });
    const caller = { workspaceId: 'w', keyId: 'k' };
    const first = limiter.openStream(caller);
    limiter.openStream(caller);
    expect(() => limiter.openStream(caller)).toThrow(expect.objectContaining({ code: 'rate_limited' }));
    first();
    first();
    limiter.openStream(caller);
    expect(() => limiter.openStream(caller)).toThrow();
  });
});
