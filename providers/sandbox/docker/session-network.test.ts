import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';

import { sessionNetwork } from './session-network.ts';

describe('the network of a session', () => {
  it('lies in the range for tests of networks, with both of its containers in its subnet', () => {
    for (let session = 0; session < 500; session++) {
      const { subnet, gate, sandbox } = sessionNetwork(`network-${session}`, session % 7);
      const [base = '', bits] = subnet.split('/');
      expect(bits).toBe('29');
      const [first, second, third, last] = base.split('.').map(Number);
      expect(isIPv4(base)).toBe(true);
      expect([first, second === 18 || second === 19, (last ?? 1) % 8]).toEqual([198, true, 0]);
      const before = `${first}.${second}.${third}.`;
      expect([gate, sandbox]).toEqual([`${before}${(last ?? 0) + 2}`, `${before}${(last ?? 0) + 3}`]);
    }
  });
  it('is the same again for the same session, and another at every attempt until all were tried', () => {
    expect(sessionNetwork('one', 3)).toEqual(sessionNetwork('one', 3));
    const tried = new Set(
      Array.from({ length: 16_384 }, (_, attempt) => sessionNetwork('one', attempt).subnet),
    );
    expect(tried.size).toBe(16_384);
  });
});
