import { expect, it } from 'vitest';
import { createAddressLimiter } from './address-limiter.ts';

it('gives each address its number per minute, and says when there is one more', () => {
  let now = 0;
  const limiter = createAddressLimiter({ requests: 2, signIns: null }, () => now);
  limiter.take('a', 'requests');
  limiter.take('a', 'requests');
  limiter.take('b', 'requests');
  const refused = expect.objectContaining({ code: 'rate_limited', retryAfterMs: 30_000 });
  expect(() => limiter.take('a', 'requests')).toThrow(refused);
  for (let count = 0; count < 100; count += 1) limiter.take('a', 'signIns');
  now = 30_000;
  limiter.take('a', 'requests');
  expect(() => limiter.take('a', 'requests')).toThrow(refused);
});

it('forgets the address that was silent for the longest when there are too many', () => {
  const limiter = createAddressLimiter({ requests: 1, signIns: 1 }, () => 0);
  limiter.take('first', 'requests');
  limiter.take('second', 'requests');
  expect(() => limiter.take('first', 'requests')).toThrow();
  for (let count = 0; count < 9_999; count += 1) limiter.take(`other ${count}`, 'requests');
  expect(() => limiter.take('first', 'requests')).toThrow();
  expect(() => limiter.take('second', 'requests')).not.toThrow();
});
