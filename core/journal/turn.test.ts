import { describe, expect, it } from 'vitest';
import { FRESH_TURN, limitReached, NO_LIMITS, withMessage, withRound, type Turn } from './turn.ts';

const rounds = (...calls: string[][]): Turn =>
  calls.reduce((turn, round) => withRound(turn, { calls: round, round: round.join('+') }), FRESH_TURN);

describe('the limits of a turn', () => {
  it('pause it after so many rounds of tools, and count from the last message on', () => {
    const limits = { rounds: 2, repeatedCalls: null };
    expect(limitReached(rounds(['a']), limits)).toBeNull();
    expect(limitReached(rounds(['a'], ['b']), limits)).toContain('2 model requests');
    expect(limitReached(withMessage(rounds(['a'], ['b'])), limits)).toBeNull();
  });

  it('pause it when the same call comes so many times in a row, within a round or over several', () => {
    const limits = { rounds: null, repeatedCalls: 3 };
    expect(limitReached(rounds(['a'], ['a']), limits)).toBeNull();
    expect(limitReached(rounds(['a'], ['a'], ['a']), limits)).toContain('3 times in a row');
    expect(limitReached(rounds(['a', 'a', 'a']), limits)).not.toBeNull();
    expect(limitReached(rounds(['a'], ['a'], ['b'], ['a']), limits)).toBeNull();
  });

  it('pause it when the same calls come together so many times in a row', () => {
    const limits = { rounds: null, repeatedCalls: 3 };
    expect(limitReached(rounds(['a', 'b'], ['a', 'b'], ['a', 'b']), limits)).not.toBeNull();
    expect(limitReached(rounds(['a', 'b'], ['a', 'c'], ['a', 'b']), limits)).toBeNull();
  });

  it('never pause it where none is set', () => {
    expect(limitReached({ ...FRESH_TURN, rounds: 10_000, calls: 10_000 }, NO_LIMITS)).toBeNull();
  });

  it('leave the model that stands in where it is when a message comes', () => {
    const detour = { failed: ['a'], model: 'b' };
    expect(withMessage({ ...rounds(['x']), detour })).toEqual({ ...FRESH_TURN, detour });
  });
});
