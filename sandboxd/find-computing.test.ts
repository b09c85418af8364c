import { describe, expect, it } from 'vitest';

import { createFindComputing } from './find-computing.ts';
import type { ProcessRow } from './processes.ts';

describe('commands that compute for long', () => {
  const row = (pid: number, cpuTicks: number, session = pid): ProcessRow => ({
    place: `/proc/${pid}`,
    pid,
    parent: 1,
    group: session,
    session,
    state: 'R',
    startTime: '1',
    cpuTicks,
    ownCpuTicks: cpuTicks,
  });
  function lookingAt(): (atMs: number, rows: ProcessRow[]) => number[] {
    let time = 0;
    const find = createFindComputing(() => time);
    return (atMs, rows) => {
      time = atMs;
      return [...find(rows)];
    };
  }

  it('are those of two seconds of processor time, with all that they started', () => {
    const look = lookingAt();
    expect(look(500, [row(10, 50), row(20, 2)])).toEqual([]);
    expect(look(1_000, [row(10, 100), row(11, 60, 10), row(20, 4)])).toEqual([]);
    expect(look(1_500, [row(10, 150), row(11, 110, 10), row(20, 6)])).toEqual([10]);
  });
  it('are not servers that take a little for days', () => {
    const look = lookingAt();
    let ticks = 0;
    for (let second = 1; second <= 3_600; second++) {
      ticks += 10;
      expect(look(second * 1_000, [row(10, ticks)])).toEqual([]);
    }
  });
  it('are ordinary again some seconds after they stopped computing', () => {
    const look = lookingAt();
    for (let second = 1; second <= 60; second++) look(second * 1_000, [row(10, second * 100)]);
    expect(look(61_000, [row(10, 6_000)])).toEqual([10]);
    expect(look(90_000, [row(10, 6_000)])).toEqual([]);
  });
  it('count sooner where the sandbox has computed all the time, and short ones never do', () => {
    const look = lookingAt();
    for (let second = 1; second <= 60; second++) look(second * 1_000, [row(10, second * 100)]);
    expect(look(61_000, [row(30, 30), row(31, 5)])).toEqual([30]);
  });
});
