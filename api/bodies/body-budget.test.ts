import { describe, expect, it } from 'vitest';
import { createBodyBudget } from './body-budget.ts';

const MB = 1_000_000;

describe('the budget of bodies', () => {
  it('holds no more than it may, and takes up again what was given back', () => {
    const budget = createBodyBudget(100 * MB);
    const leases = Array.from({ length: 90 }, (_, index) => {
      const lease = budget.open();
      lease.ownedBy(`caller ${index}`);
      return lease;
    });
    const refusals: unknown[] = [];
    for (let piece = 0; piece < 20; piece += 1) {
      for (const lease of leases) {
        try {
          lease.take(MB);
        } catch (error) {
          refusals.push(error);
          lease.release();
        }
        expect(budget.held()).toBeLessThanOrEqual(100 * MB);
      }
    }
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals).toEqual(
      refusals.map(() => expect.objectContaining({ code: 'unavailable', retryAfterMs: expect.any(Number) })),
    );
    for (const lease of leases) {
      lease.release();
      lease.release();
    }
    expect(budget.held()).toBe(0);
  });

  it('keeps room for small bodies while large ones fill it', () => {
    const budget = createBodyBudget(16 * MB);
    for (const caller of ['a', 'b', 'c', 'd']) {
      const lease = budget.open();
      lease.ownedBy(caller);
      lease.take(3 * MB);
    }
    const large = budget.open();
    expect(() => large.take(3 * MB)).toThrow(expect.objectContaining({ code: 'unavailable' }));
    for (let count = 0; count < 30; count += 1) budget.open().take(64 * 1024);
  });

  it('lets one caller fill half of it, whoever the caller was found to be later', () => {
    const budget = createBodyBudget(16 * MB);
    const first = budget.open();
    first.take(5 * MB);
    first.ownedBy('a');
    const second = budget.open();
    second.ownedBy('a');
    expect(() => second.take(5 * MB)).toThrow(expect.objectContaining({ code: 'rate_limited' }));
    const other = budget.open();
    other.ownedBy('b');
    other.take(5 * MB);
    first.release();
    second.take(5 * MB);
    expect(budget.held()).toBe(10 * MB);
  });
});
