import { describe, expect, it } from 'vitest';

import { createAddressCheck } from './public-address.ts';

const isAllowed = createAddressCheck(() => ['8.8.4.4', '2a00:1450::5'], []);

describe('addresses', () => {
  it.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    'allow %s',
    (address) => {
      expect(isAllowed(address)).toBe(true);
    },
  );
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::8.8.8.8',
    '2002:7f00:1::',
    '2001:0:1::1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'ff02::1',
  ])('refuse %s', (address) => {
    expect(isAllowed(address)).toBe(false);
  });
  it('refuse the addresses of this host', () => {
    expect(isAllowed('8.8.4.4')).toBe(false);
    expect(isAllowed('::ffff:8.8.4.4')).toBe(false);
    expect(isAllowed('2a00:1450::5')).toBe(false);
    for (const spelling of [
      '2A00:1450:0:0:0:0:0:5',
      '2a00:1450:0000::0005',
      '2a00:1450::0.0.0.5',
      '2a00:1450::5%1',
    ])
      expect(isAllowed(spelling), spelling).toBe(false);
  });
  it('allow private networks that the operator opened, and no others', () => {
    const opened = createAddressCheck(() => ['10.1.0.9'], ['10.1.0.0/16', 'fd00::5']);
    expect(['10.1.0.1', '10.1.0.9', 'fd00::5'].map(opened)).toEqual([true, true, true]);
    expect(['10.2.0.1', 'fd00::6', '127.0.0.1'].map(opened)).toEqual([false, false, false]);
    expect(() => createAddressCheck(() => [], ['somewhere'])).toThrow(RangeError);
  });
});
