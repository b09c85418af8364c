import { expect, it } from 'vitest';
import { queryInteger } from './query.ts';

it.each(['0', '101', '-1', '1.5', 'x', '1e2'])('says which numbers can be asked for: not %s', (value) => {
  const { error } = queryInteger(1, 100).safeParse(value);
  expect(error?.issues[0]?.message).toBe('expected a whole number from 1 to 100');
});

it('takes the first and the last', () => {
  expect([queryInteger(1, 100).parse('1'), queryInteger(1, 100).parse('100')]).toEqual([1, 100]);
});
