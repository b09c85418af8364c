import { expect, it } from 'vitest';

import { subordinateRange } from './identity.ts';

it('finds the range of a user by name or by number', () => {
  const file = 'alice:100000:65536\n1001:200000:10\n\nbroken\n';
  expect(subordinateRange(file, 'alice', 1000)).toEqual({ first: 100_000, count: 65_536 });
  expect(subordinateRange(file, 'bob', 1001)).toEqual({ first: 200_000, count: 10 });
  expect(subordinateRange(file, 'carol', 1002)).toBeUndefined();
});
