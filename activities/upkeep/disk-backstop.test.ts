import pino from 'pino';
import { expect, it } from 'vitest';
import { createDiskReserve } from '../../providers/disk/disk-reserve.ts';
import { createDiskBackstop } from './disk-backstop.ts';

const log = pino({ level: 'silent' });

it('ends sandboxes that answer nobody, and only while the disk is below its reserve', async () => {
  let [bavail, asked] = [150, 0];
  const reserve = createDiskReserve(['/'], 100, () => ({
    bavail,
    blocks: 1_000,
    bsize: 1,
    files: 0,
    ffree: 0,
  }));
  const endSilent = async (): Promise<string[]> => {
    asked++;
    return ['stuck'];
  };
  const backstop = createDiskBackstop({ driver: { endSilent }, reserve, log });
  await backstop.look();
  expect(asked).toBe(0);
  bavail = 99;
  await backstop.look();
  expect(asked).toBe(1);
});
