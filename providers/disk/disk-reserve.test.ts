import { expect, it } from 'vitest';

import { createDiskReserve, describeRoom } from './disk-reserve.ts';

const MIB = 1024 * 1024;
const disks: Record<string, number> = { '/': 900, '/tmp': 300 };
let ffree = 9_000;
const reserve = createDiskReserve(['/', '/tmp/missing/folder'], 100 * MIB, (folder) => ({
  bavail: disks[folder] ?? 0,
  blocks: 1_000,
  bsize: MIB,
  files: 10_000,
  ffree,
}));

it('looks at the disk with the least room, also where the folder is not made yet', () => {
  expect(reserve.look()).toMatchObject({
    state: 'ample',
    folder: '/tmp/missing/folder',
    freeBytes: 300 * MIB,
  });
  expect(() => reserve.require('no file can be stored')).not.toThrow();
});
it('refuses what would begin to write below twice the reserve, and says what to do', () => {
  disks['/tmp'] = 199;
  expect(reserve.look().state).toBe('low');
  expect(() => reserve.require('no file can be stored')).toThrow(
    expect.objectContaining({
      code: 'disk_full',
      message: expect.stringContaining('no file can be stored: 199 MiB are free'),
    }),
  );
  expect(describeRoom(reserve.look())).toContain('no sandbox is started and no file stored until');
  disks['/tmp'] = 99;
  expect(describeRoom(reserve.look())).toContain('commands that write are ended');
});
it('counts the files that the disk can still hold as well as its bytes', () => {
  disks['/tmp'] = 900;
  ffree = 399;
  expect(reserve.look().state).toBe('low');
  expect(() => reserve.require('no file can be stored')).toThrow(/: 399 files are free, and below 400 files/);
  ffree = 199;
  expect(describeRoom(reserve.look())).toMatch(
    /^199 files of 10000 files .* 200 files .*commands that write/,
  );
});
