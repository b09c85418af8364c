import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, it } from 'vitest';
import { createHostMarks, type HostMarks } from '../../providers/blob/host-marks.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import type { SandboxHost } from '../../providers/store/hosts.ts';
import { createSharedBlobs } from './shared-blobs.ts';

const host = (id: string): SandboxHost => ({
  id,
  taskQueue: 'q',
  driver: 'd',
  isolation: 'none',
  ready: true,
  capacity: null,
});

function stage() {
  let time = 0;
  const lines: { level: number; host: string; hosts: string[] }[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as (typeof lines)[number]);
      done();
    },
  });
  const alive: string[] = [];
  const of = (hostId: string, marks: HostMarks) =>
    createSharedBlobs({
      hostId,
      marks,
      hosts: { alive: async () => alive.map(host) },
      timeoutMs: 1,
      now: () => time,
      log: pino(sink),
    });
  return { of, alive, lines, pass: (milliseconds: number) => void (time += milliseconds) };
}

it('agree where all hosts store their blobs in one place', async () => {
  const { of, alive, lines } = stage();
  const marks = createHostMarks(createInMemoryBlobStore());
  const [one, two] = [of('one', marks), of('two', marks)];
  await one.check();
  alive.push('one');
  await two.check();
  alive.push('two');
  expect([one.agreed, two.agreed]).toEqual([true, true]);
  expect(lines).toEqual([]);
});

it('disagree on the host that came later, and say so on both, until the place is the same', async () => {
  const { of, alive, lines, pass } = stage();
  const [shared, own] = [
    createHostMarks(createInMemoryBlobStore()),
    createHostMarks(createInMemoryBlobStore()),
  ];
  const [first, later] = [of('first', shared), of('later', own)];
  await first.check();
  alive.push('first');
  await later.check();
  alive.push('later');
  expect(later.agreed).toBe(false);
  expect(lines).toMatchObject([{ level: 50, host: 'later', hosts: ['first'] }]);
  await first.check();
  expect(lines).toHaveLength(1);
  pass(60_000);
  await first.check();
  expect(first.agreed).toBe(true);
  expect(lines[1]).toMatchObject({ level: 50, host: 'first', hosts: ['later'] });

  const restarted = of('later', shared);
  await restarted.check();
  pass(60_000);
  await first.check();
  expect([first.agreed, restarted.agreed]).toEqual([true, true]);
  expect(lines).toHaveLength(2);
});

it('take the place of the first when that is gone', async () => {
  const { of, alive, pass } = stage();
  alive.push('first', 'later');
  const later = of('later', createHostMarks(createInMemoryBlobStore()));
  await later.check();
  expect(later.agreed).toBe(false);
  alive.shift();
  pass(60_000);
  await later.check();
  expect(later.agreed).toBe(true);
});
