import { expect, it } from 'vitest';

import { defaultReserve, diskState } from './disk-room.ts';

const GIB = 1024 ** 3;

it('reserves a share of the disk, never too little for a database and never more than it needs', () => {
  expect(defaultReserve(4 * GIB)).toBe(GIB / 4);
  expect(defaultReserve(100 * GIB)).toBe(2 * GIB);
  expect(defaultReserve(10_000 * GIB)).toBe(4 * GIB);
});
it('begins nothing large below twice the reserve, and ends what writes below it', () => {
  expect(diskState(20, 10)).toBe('ample');
  expect(diskState(19, 10)).toBe('low');
  expect(diskState(10, 10)).toBe('low');
  expect(diskState(9, 10)).toBe('reserve');
});
