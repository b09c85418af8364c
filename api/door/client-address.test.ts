import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { addressBlock, clientAddress } from './client-address.ts';

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
])('counts %s as %s', (address, block) => {
  expect(addressBlock(address)).toBe(block);
});

it('believes in addresses only', () => {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: '::ffff:10.0.0.1' });
  expect(clientAddress({ ip: 'x'.repeat(9_000), socket })).toBe('10.0.0.1');
  expect(clientAddress({ ip: '203.0.113.7', socket })).toBe('203.0.113.7');
  expect(clientAddress({ ip: undefined, socket: new Socket() })).toBeNull();
});
