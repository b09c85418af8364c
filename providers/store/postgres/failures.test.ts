import { expect, it } from 'vitest';
import { toCommitError } from './failures.ts';

it.each([
  ['40P01', 'unavailable'],
  ['53100', 'database_full'],
  ['57P01', 'commit_unknown'],
  ['ECONNRESET', 'commit_unknown'],
  ['22021', 'unstorable'],
])('knows whether a transaction that failed with %s may have been committed: %s', (code, expected) => {
  expect(toCommitError(Object.assign(new Error('failed'), { code }))).toMatchObject({ code: expected });
});
