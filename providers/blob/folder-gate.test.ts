import { expect, it } from 'vitest';
import { createFolderGate } from './folder-gate.ts';

const ANSWER_MS = 300;
const AWAY = { code: 'unavailable', message: expect.stringContaining('blobs.folder does not answer') };

function hanging(): { operation: () => Promise<string>; end: () => void; begun: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<string>();
  let isBegun = false;
  return {
    operation: async () => {
      isBegun = true;
      return promise;
    },
    end: () => resolve('late'),
    begun: () => isBegun,
  };
}

it('gives up what does not end, begins no more than a few of it, and works again when they end', async () => {
  const gate = createFolderGate('blobs.folder', ANSWER_MS);
  const all = Array.from({ length: 6 }, hanging);
  const late: string[] = [];
  const results = await Promise.allSettled(
    all.map(async ({ operation }) => gate.pass(operation, (given) => late.push(given))),
  );
  for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: AWAY });
  // The others of the process's few threads are left to what does not hang.
  expect(all.filter(({ begun }) => begun())).toHaveLength(2);
  const refused = hanging();
  await expect(gate.pass(refused.operation)).rejects.toMatchObject(AWAY);
  expect(refused.begun()).toBe(false);

  for (const { end } of all) end();
  await expect.poll(() => late).toEqual(['late', 'late']);
  expect(await gate.pass(async () => 'done')).toBe('done');
});

it('lets those who wait wait for as long as others are served', async () => {
  const gate = createFolderGate('blobs.folder', 5_000);
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) =>
      gate.pass(async () => {
        await Promise.resolve();
        order.push(index);
      }),
    ),
  );
  expect(order).toEqual(Array.from({ length: 200 }, (_, index) => index));
});

it('passes on what an operation rejects with', async () => {
  const gate = createFolderGate('blobs.folder', ANSWER_MS);
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  for (let times = 0; times < 5; times++) {
    await expect(gate.pass(async () => Promise.reject(missing))).rejects.toBe(missing);
  }
});
