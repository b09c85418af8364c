import { expect, it } from 'vitest';

import { createDiskReserve, describeRoom } from './disk-reserve.ts';

const MIB = 1024 * 1024;
const disks: Record<string, number> = { '/': 900, '/tmp': 300 };
const reserve = createDiskReserve(['/', '/tmp/missing/folder'], 100 * MIB, (folder) => ({
  bavail: disks[folder] ?? 0,
  blocks: 1_000,
  bsize: MIB,
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
