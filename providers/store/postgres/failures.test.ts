import { expect, it } from 'vitest';
import { isLoss, toAppError, toCommitError } from './failures.ts';

it.each([
  ['40P01', 'unavailable'],
  ['53100', 'database_full'],
  ['57P01', 'commit_unknown'],
  ['ECONNRESET', 'commit_unknown'],
  ['22021', 'unstorable'],
])('knows whether a transaction that failed with %s may have been committed: %s', (code, expected) => {
  expect(toCommitError(Object.assign(new Error('failed'), { code }))).toMatchObject({ code: expected });
});

it.each([
  ['28P01', /login/],
  ['28000', /login/],
  ['3D000', /login/],
  ['CERT_HAS_EXPIRED', /certificates/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /certificates/],
  ['53300', /connections/],
  ['57P03', /reached/],
  ['57014', /busy/],
])('says what keeps the service from PostgreSQL that answers with %s', (code, words) => {
  const error = Object.assign(new Error('failed'), { code });
  expect(toAppError(error)).toMatchObject({ code: 'unavailable', message: expect.stringMatching(words) });
  expect(isLoss(error)).toBe(code !== '57014');
});
