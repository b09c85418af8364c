import { describe, expect, it } from 'vitest';
import type { CutRun } from '../journal/turn.ts';
import { roomToGoOn } from './room-to-go-on.ts';

const entry = {
  contextWindow: 32_000,
  maxOutputTokens: 20_000,
  efforts: ['low', 'medium', 'high'] as const,
  defaultEffort: 'high' as const,
};
const cut = (part: CutRun['part'], times = 1): CutRun => ({ cause: 'output_limit', part, times });

describe('the room of an answer', () => {
  it('is a quarter of the window at first, and what is left of it for one that was cut off', () => {
    expect(roomToGoOn(entry, 1_000, 'high', null)).toEqual({ maxOutputTokens: 8_000, effort: 'high' });
    expect(roomToGoOn(entry, 1_000, 'high', cut('text'))).toEqual({
      maxOutputTokens: 20_000,
      effort: 'high',
    });
    const near = roomToGoOn(entry, 15_000, 'high', cut('text')).maxOutputTokens;
    expect(near).toBeGreaterThan(8_000);
    expect(near + 15_000).toBeLessThan(32_000);
    expect(roomToGoOn(entry, 30_000, 'high', cut('text')).maxOutputTokens).toBe(8_000);
  });

  it('has less thought each time that thinking took all of it', () => {
    const efforts = [1, 2, 3].map((times) => roomToGoOn(entry, 0, 'high', cut('thinking', times)).effort);
    expect(efforts).toEqual(['medium', 'low', 'low']);
    expect(roomToGoOn(entry, 0, undefined, cut('thinking')).effort).toBe('medium');
    expect(roomToGoOn({ ...entry, efforts: [] }, 0, 'high', cut('thinking')).effort).toBeUndefined();
  });
});
