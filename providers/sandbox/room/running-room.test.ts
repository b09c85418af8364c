import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createRunningRoom, type RunningRoom } from './running-room.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function stage(most: number, options: { waitMs?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'running-room-'));
  folders.push(folder);
  const running = new Set<string>();
  /** In which something runs. */
  const busy = new Set<string>();
  const stopped: string[] = [];
  const open = () =>
    createRunningRoom({
      settings: { folder, most: async () => ({ count: most, sentence: '' }) },
      isRunning: async (id) => running.has(id),
      async rest(id) {
        if (busy.has(id)) return false;
        stopped.push(id);
        return running.delete(id);
      },
      log: () => undefined,
      waitMs: options.waitMs ?? 0,
    });
  /** Starts a sandbox that was last used so many seconds ago. */
  async function start(room: RunningRoom, id: string, unusedSeconds = 0): Promise<void> {
    const place = await room.enter(id);
    running.add(id);
    place.taken();
    const at = new Date(Date.now() - unusedSeconds * 1_000);
    for (const name of readdirSync(folder))
      if (name.startsWith(`${id}~`)) utimesSync(join(folder, name), at, at);
  }
  return { folder, running, busy, stopped, open, start };
}

it('stops the sandbox that was used longest ago, of those in which nothing runs, to make room for another', async () => {
  const { running, busy, stopped, open, start } = stage(3);
  const room = open();
  await start(room, 'works', 300);
  await start(room, 'rests', 100);
  await start(room, 'rests-longer', 200);
  busy.add('works');
  await start(room, 'next');
  expect(stopped).toEqual(['rests-longer']);
  expect([...running].sort()).toEqual(['next', 'rests', 'works']);
});

it('waits where all are in use, and says which setting it is when that takes too long', async () => {
  const { busy, running, open, start } = stage(1, { waitMs: 10_000 });
  const room = open();
  await start(room, 'one', 100);
  busy.add('one');
  let isIn = false;
  const second = start(room, 'two').then(() => {
    isIn = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(isIn).toBe(false);
  busy.clear();
  await second;
  expect([...running]).toEqual(['two']);

  const short = stage(1);
  const full = short.open();
  // Used a moment ago: the next call may come any time.
  await short.start(full, 'one');
  await expect(full.enter('two')).rejects.toMatchObject({
    code: 'sandbox_unavailable',
    message: expect.stringContaining('sandbox.max_running'),
  });
  expect(short.stopped).toEqual([]);
});

it('keeps to the number however many come at once, from several workers', async () => {
  const { folder, running, open, start } = stage(4);
  const rooms = [open(), open()];
  const ids = Array.from({ length: 12 }, (_, index) => `s${index}`);
  const outcomes = await Promise.allSettled(ids.map((id, index) => start(rooms[index % 2] ?? open(), id)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
  expect(running.size).toBe(4);
  expect(readdirSync(folder).filter((name) => name.includes('~'))).toHaveLength(4);
});

it('gives back the places of starts that failed, of sandboxes that stopped, and of a worker that died while it started one', async () => {
  const { folder, running, open, start } = stage(1);
  const room = open();
  (await room.enter('failed')).leave();
  await start(room, 'stopped-by-itself');
  running.clear();
  await start(room, 'stopped');
  running.delete('stopped');
  room.left('stopped');
  expect(readdirSync(folder).filter((name) => name.startsWith('stopped~'))).toEqual([]);
  writeFileSync(join(folder, 'left~abcdef'), JSON.stringify({ pid: process.pid, startTime: '1', boot: '' }));
  await start(room, 'next');
  expect([...running]).toEqual(['next']);
});

it('counts a sandbox that ran before there were places from its next use on', async () => {
  const { running, open } = stage(1);
  const room = open();
  running.add('old');
  room.used('old');
  await expect(room.enter('next')).rejects.toMatchObject({ code: 'sandbox_unavailable' });
});
