import { describe, expect, it } from 'vitest';
import type { AnswerCut } from '../session/answer-cut.ts';
import {
  FRESH_TURN,
  isSettled,
  limitReached,
  NO_LIMITS,
  withAnswer,
  withCut,
  withMessage,
  withRound,
  type Turn,
} from './turn.ts';

const rounds = (...calls: string[][]): Turn =>
  calls.reduce((turn, round) => withRound(turn, { calls: round, round: round.join('+') }), FRESH_TURN);

describe('the limits of a turn', () => {
  it('pause it after so many rounds of tools, and count from the last message on', () => {
    const limits = { ...NO_LIMITS, rounds: 2 };
    expect(limitReached(rounds(['a']), limits)).toBeNull();
    expect(limitReached(rounds(['a'], ['b']), limits)?.message).toContain('2 model requests');
    expect(limitReached(withMessage(rounds(['a'], ['b'])), limits)).toBeNull();
  });

  it('pause it when the same call comes so many times in a row, within a round or over several', () => {
    const limits = { ...NO_LIMITS, repeatedCalls: 3 };
    expect(limitReached(rounds(['a'], ['a']), limits)).toBeNull();
    expect(limitReached(rounds(['a'], ['a'], ['a']), limits)?.message).toContain('3 times in a row');
    expect(limitReached(rounds(['a', 'a', 'a']), limits)).not.toBeNull();
    expect(limitReached(rounds(['a'], ['a'], ['b'], ['a']), limits)).toBeNull();
  });

  it('pause it when the same calls come together so many times in a row', () => {
    const limits = { ...NO_LIMITS, repeatedCalls: 3 };
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

  it('end it when answers fall short so many times in a row, with an error that says how', () => {
    const limits = { ...NO_LIMITS, continuations: 2 };
    const cuts = (...parts: AnswerCut['part'][]): Turn =>
      parts.reduce((turn, part) => withCut(turn, { cause: 'output_limit', part }), FRESH_TURN);
    expect(limitReached(cuts('text', 'text'), limits)).toBeNull();
    expect(limitReached(cuts('text', 'text', 'text'), limits)).toMatchObject({
      type: 'model_request_failed_error',
      message: expect.stringContaining('not complete') as string,
      retry_status: { type: 'exhausted' },
    });
    expect(limitReached(cuts('thinking', 'thinking', 'thinking'), limits)?.message).toContain(
      'still thinking',
    );
    expect(limitReached(cuts('call', 'call', 'call'), limits)).toMatchObject({
      type: 'tool_use_limit_reached_error',
      message: expect.stringContaining('The output limit cut') as string,
    });
    expect(limitReached(cuts('call'), { ...limits, continuations: 0 })?.message).not.toContain('in a row');
  });

  it('count answers that fall short anew after one that is whole, and after a message', () => {
    const limits = { ...NO_LIMITS, continuations: 0 };
    const cut = withCut(FRESH_TURN, { cause: 'output_limit', part: 'text' });
    expect(limitReached(cut, limits)).not.toBeNull();
    expect(limitReached(withMessage(cut), limits)).toBeNull();
    expect(limitReached(withRound(cut, { calls: ['a'], round: 'a' }), limits)).toBeNull();
  });

  it('count calls that are cut off beside a whole one, unless the whole one is another than before', () => {
    const limits = { ...NO_LIMITS, continuations: 2 };
    const rounds = (...calls: string[]): Turn =>
      calls.reduce(
        (turn, call) =>
          withAnswer(turn, { cause: 'output_limit', part: 'call' }, { calls: [call, 'cut'], round: call }),
        FRESH_TURN,
      );
    expect(limitReached(rounds('a', 'a', 'a', 'a'), limits)).toMatchObject({
      type: 'tool_use_limit_reached_error',
      message: expect.stringContaining('The output limit cut') as string,
    });
    expect(limitReached(rounds('a', 'a', 'a'), limits)).toBeNull();
    expect(limitReached(rounds('a', 'b', 'c', 'd', 'e'), limits)).toBeNull();
    expect(limitReached(rounds('a', 'a', 'a', 'b', 'b'), limits)).toBeNull();
    expect(limitReached(rounds('a'), { ...limits, continuations: 0 })).toBeNull();
    expect(rounds('a', 'b').rounds).toBe(2);
  });

  it('take an answer without the call that it announces for whole when that comes again', () => {
    const missing: AnswerCut = { cause: 'missing', part: 'text' };
    const once = withAnswer(FRESH_TURN, missing, null);
    expect(isSettled(FRESH_TURN, missing)).toBe(false);
    expect(isSettled(once, missing)).toBe(true);
    expect(isSettled(once, null)).toBe(false);
    expect(limitReached(once, { ...NO_LIMITS, continuations: 0 })?.message).toContain('none came');
  });

  it('name the word that an empty answer ended with, and keep nothing of a malformed call', () => {
    const limits = { ...NO_LIMITS, continuations: 0 };
    const empty = withCut(FRESH_TURN, { cause: 'empty', part: 'nothing', said: 'weird_stop' });
    expect(limitReached(empty, limits)?.message).toContain('weird_stop');
    const malformed = withCut(FRESH_TURN, { cause: 'malformed', part: 'nothing', said: 'secret' });
    expect(JSON.stringify(malformed)).not.toContain('secret');
  });

  it('take calls that were cut off for rounds, and not for calls that repeat', () => {
    const twice = [1, 2].reduce<Turn>(
      (turn) => withCut(turn, { cause: 'output_limit', part: 'call' }),
      FRESH_TURN,
    );
    expect(limitReached(twice, { ...NO_LIMITS, repeatedCalls: 2 })).toBeNull();
    expect(limitReached(twice, { ...NO_LIMITS, rounds: 2 })?.type).toBe('tool_use_limit_reached_error');
  });
});
