import { describe, expect, it } from 'vitest';
import { isId, makeId } from './ids.ts';

describe('makeId', () => {
  it('makes ids that sort by time and carry the prefix of their kind', () => {
    const zeros = new Uint8Array(10);
    const ones = new Uint8Array(10).fill(255);
    const early = makeId('session', 1_700_000_000_000, ones);
    const late = makeId('session', 1_700_000_000_001, zeros);
    expect(early < late).toBe(true);
    expect(early).toMatch(/^sesn_[0-9a-z]{26}$/);
    expect(isId('session', early)).toBe(true);
    expect(isId('agent', early)).toBe(false);
  });

  it('refuses too little randomness', () => {
    expect(() => makeId('event', 0, new Uint8Array(4))).toThrow(RangeError);
  });
});
