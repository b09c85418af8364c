import { expect, it } from 'vitest';

import { defaultReserve, diskState, reservesLeft } from './disk-room.ts';

const GIB = 1024 ** 3;

it('reserves a share of the disk, never too little for a database and never more than it needs', () => {
  expect(defaultReserve(4 * GIB)).toBe(GIB / 4);
  expect(defaultReserve(100 * GIB)).toBe(2 * GIB);
  expect(defaultReserve(10_000 * GIB)).toBe(4 * GIB);
});
it('begins nothing large below twice the reserve, and ends what writes below it', () => {
  expect(diskState(2)).toBe('ample');
  expect(diskState(1.9)).toBe('low');
  expect(diskState(1)).toBe('low');
  expect(diskState(0.9)).toBe('reserve');
});
it('keeps a share of the files that a disk can hold as well, where it has a number of them', () => {
  const disk = { bavail: 300, blocks: 1_000, bsize: 1, files: 1_000, ffree: 500 };
  expect(reservesLeft(disk, 100)).toBe(3);
  expect(reservesLeft({ ...disk, ffree: 10 }, 100)).toBe(0.5);
  expect(reservesLeft({ ...disk, files: 0, ffree: 0 }, 100)).toBe(3);
  expect(reservesLeft({ ...disk, ffree: 0 }, 0)).toBe(Number.POSITIVE_INFINITY);
});
