import { expect, it } from 'vitest';

import { existingRange, mayGainRights, subordinateRange } from './identity.ts';

it('finds the range of a user by name or by number', () => {
  const file = 'alice:100000:65536\n1001:200000:10\n\nbroken\n';
  expect(subordinateRange(file, 'alice', 1000)).toEqual({ first: 100_000, count: 65_536 });
  expect(subordinateRange(file, 'bob', 1001)).toEqual({ first: 200_000, count: 10 });
  expect(subordinateRange(file, 'carol', 1002)).toBeUndefined();
});

it('asks for no second id where no program may gain the right to give it', () => {
  expect(mayGainRights('Name:\tnode\nNoNewPrivs:\t0\nSeccomp:\t2\n')).toBe(true);
  expect(mayGainRights('Name:\tnode\nNoNewPrivs:\t1\nSeccomp:\t2\n')).toBe(false);
});

it('takes the part of a range that exists in this container', () => {
  const range = { first: 100_000, count: 65_536 };
  expect(existingRange(range, '         0          0 4294967295\n')).toEqual(range);
  expect(existingRange(range, '0 500000 65536\n')).toEqual({ first: 100_000, count: 0 });
  expect(existingRange(range, '0 1000 1\n1 500000 120000\n')).toEqual({ first: 100_000, count: 20_001 });
});
