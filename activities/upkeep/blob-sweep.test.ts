import pino from 'pino';
import { expect, it, vi } from 'vitest';
import { createHostMarks } from '../../providers/blob/host-marks.ts';
import { historyPlace } from '../../providers/blob/history-copies.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { blobGraceMs, createBlobSweep } from './blob-sweep.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function stage(role: boolean) {
  let time = Date.now();
  const blobs = createInMemoryBlobStore(() => time);
  const referenced = new Set<string>();
  const loose = new Set<string>();
  const sweep = createBlobSweep({
    blobs,
    leftovers: {
      ended: async (ids) => new Map(ids.filter((id) => id === 'deleted').map((id) => [id, 'deleted'])),
      archivedBefore: async () => [],
      isReferenced: async (_workspace, name) => referenced.has(name),
      loose: async () => [...loose].map((sha256) => ({ workspaceId: 'w', sha256 })),
      settled: async (_workspace, name) => void loose.delete(name),
    },
    lease: { held: async () => role, release: async () => undefined },
    graceMs: DAY,
    historyMs: 30 * DAY,
    log: pino({ level: 'silent' }),
  });
  const put = async (place: string, text: string) => (await blobs.put(place, Buffer.from(text))).sha256;
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { blobs, referenced, loose, sweep, put, pass };
}

it('removes what no row refers to after its grace', async () => {
  const { blobs, referenced, sweep, put, pass } = stage(true);
  const [kept, dropped] = [await put('w', 'kept'), await put('w', 'dropped')];
  referenced.add(kept);
  pass(DAY - 1);
  expect(await sweep.sweep()).toBe(0);
  pass(2);
  expect(await sweep.sweep()).toBe(1);
  expect([await blobs.has('w', kept), await blobs.has('w', dropped)]).toEqual([true, false]);
});

it('keeps copies for Temporal’s history as long as Temporal keeps histories, and not beyond their session', async () => {
  const { blobs, sweep, put, pass } = stage(true);
  const [living, deleted] = [historyPlace('w', 'living'), historyPlace('w', 'deleted')];
  const copy = await put(living, 'copy');
  await put(deleted, 'copy');
  pass(DAY + 1);
  expect(await sweep.sweep()).toBe(1);
  expect([await blobs.has(living, copy), await blobs.has(deleted, copy)]).toEqual([true, false]);
  pass(28 * DAY);
  expect(await sweep.sweep()).toBe(0);
  pass(DAY);
  expect(await sweep.sweep()).toBe(1);
  expect(await blobs.has(living, copy)).toBe(false);
});

it('keeps the marks of hosts, and removes those that nobody renews', async () => {
  const { blobs, sweep, pass } = stage(true);
  const marks = createHostMarks(blobs);
  await marks.leave('living');
  await marks.leave('gone');
  pass(29 * DAY);
  await marks.leave('living');
  expect(await sweep.sweep()).toBe(0);
  pass(2 * DAY);
  expect(await sweep.sweep()).toBe(1);
  expect(await marks.missing(['living', 'gone'])).toEqual(['gone']);
});

it('removes nothing without the role', async () => {
  const { blobs, sweep, put, pass } = stage(false);
  const name = await put('w', 'dropped');
  pass(99 * DAY);
  expect(await sweep.sweep()).toBe(0);
  expect(await blobs.has('w', name)).toBe(true);
});

it('removes what was given up minutes later, but neither what is referred to nor what was stored anew', async () => {
  const { blobs, referenced, loose, sweep, put, pass } = stage(true);
  const [gone, used, anew] = [await put('w', 'gone'), await put('w', 'used'), await put('w', 'anew')];
  for (const name of [gone, used, anew]) loose.add(name);
  referenced.add(used);
  expect(await sweep.sweepLoose()).toBe(0);
  pass(10 * 60_000 + 1);
  await put('w', 'anew');
  expect(await sweep.sweepLoose()).toBe(1);
  const left = await Promise.all([gone, used, anew].map(async (name) => blobs.has('w', name)));
  expect(left).toEqual([false, true, true]);
  // What was stored anew goes on counting until it is old, or something refers to it.
  expect([...loose]).toEqual([anew]);
});

it('sweeps also in a worker that is replaced more often than once an hour, and leaves new bytes time for their row whatever is set', async () => {
  vi.useFakeTimers();
  try {
    const graces: number[] = [];
    const sweep = createBlobSweep({
      blobs: {
        sweep: async (graceMs) => {
          graces.push(graceMs);
          return 0;
        },
        remove: async () => true,
      },
      leftovers: {
        ended: async () => new Map(),
        archivedBefore: async () => [],
        isReferenced: async () => false,
        loose: async () => [],
        settled: async () => undefined,
      },
      lease: { held: async () => true, release: async () => undefined },
      graceMs: blobGraceMs(0),
      historyMs: DAY,
      log: pino({ level: 'silent' }),
    });
    sweep.start();
    await vi.advanceTimersByTimeAsync(30 * 60_000);
    expect(graces).toEqual([10 * 60_000, DAY]);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(graces).toHaveLength(4);
    await sweep.stop();
    await vi.advanceTimersByTimeAsync(DAY);
    expect(graces).toHaveLength(4);
  } finally {
    vi.useRealTimers();
  }
});
