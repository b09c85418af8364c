import { Writable } from 'node:stream';
import { expect, it } from 'vitest';

import { createWatchers } from './watchers.ts';

/** A stream that takes nothing until it is let. */
function slowStream() {
  let said = '';
  const held: (() => void)[] = [];
  let isOpen = false;
  const stream = new Writable({
    highWaterMark: 100,
    write(chunk: Buffer, _encoding, done) {
      said += chunk.toString();
      if (isOpen) done();
      else held.push(done);
    },
  });
  const open = (): void => {
    isOpen = true;
    held.splice(0).forEach((done) => done());
  };
  return { stream, open, said: () => said };
}

it('holds a backlog for a watcher that takes nothing, and tells it afterwards what it missed', async () => {
  const watchers = createWatchers(1_000);
  const [slow, quick] = [slowStream(), slowStream()];
  quick.open();
  watchers.add(slow.stream);
  watchers.add(quick.stream);
  for (let index = 0; index < 10_000; index++) watchers.tell(`${JSON.stringify({ line: index })}\n`);
  expect(slow.stream.writableLength).toBeLessThan(1_100);
  const drained = new Promise((resolve) => slow.stream.once('drain', resolve));
  slow.open();
  await drained;
  watchers.tell('{"line":"last"}\n');
  await new Promise(setImmediate);
  const lines = slow.said().trim().split('\n');
  const { missed } = JSON.parse(lines.at(-2) ?? '') as { missed: number };
  expect(lines.length - 2 + missed).toBe(10_000);
  expect(lines.at(-1)).toBe('{"line":"last"}');
  expect(quick.said().trim().split('\n')).toHaveLength(10_001);
});
it('forgets a watcher that is gone', async () => {
  const watchers = createWatchers();
  const { stream } = slowStream();
  watchers.add(stream);
  expect(watchers.size).toBe(1);
  stream.destroy();
  await new Promise((resolve) => stream.once('close', resolve));
  expect(watchers.size).toBe(0);
});
