import { expect, it } from 'vitest';
import type { DiskFigures } from '../../core/disk-room.ts';
import { createDiskReserve } from './disk-reserve.ts';
import { distantDisk } from './distant-disk.ts';

const MIB = 1024 * 1024;
const figures = (free: number): DiskFigures => ({
  bavail: free,
  blocks: 1_000,
  bsize: MIB,
  files: 0,
  ffree: 0,
});

it('never waits for a disk that does not answer, and asks it once', async () => {
  let asked = 0;
  const answer = Promise.withResolvers<DiskFigures>();
  const ask = async (): Promise<DiskFigures> => {
    asked += 1;
    return answer.promise;
  };
  const folder = '/mnt/that hangs';
  // Parts of a process look at a folder each by themselves.
  const reserves = [1, 2].map(() =>
    createDiskReserve(['/'], 100 * MIB, () => figures(900), [distantDisk(folder, ask)]),
  );
  for (const reserve of reserves) expect(reserve.look()).toMatchObject({ state: 'ample', folder: '/' });
  expect(asked).toBe(1);
  answer.resolve(figures(150));
  await expect.poll(() => reserves[0]?.look()).toMatchObject({ state: 'low', folder });
});

it('looks at the next folder above where there is none yet', async () => {
  const missing = Object.assign(new Error('no such folder'), { code: 'ENOENT' });
  const disk = distantDisk('/mnt/blobs/made/later', async (folder) =>
    folder === '/mnt/blobs' ? figures(7) : Promise.reject(missing),
  );
  await expect.poll(() => disk.figures()).toEqual(figures(7));
});
