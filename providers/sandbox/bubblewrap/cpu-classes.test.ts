import { describe, expect, it } from 'vitest';

import type { ProcessRow } from '../../../sandboxd/processes.ts';
import type { CpuClass } from './cgroups.ts';
import { createCpuClasses } from './cpu-classes.ts';

describe('the CPU classes of sandboxes', () => {
  const row = (pid: number, parent: number, session: number): ProcessRow => ({
    place: `/proc/${pid}`,
    pid,
    parent,
    group: session,
    session,
    state: 'R',
    startTime: '1',
    cpuTicks: 0,
    ownCpuTicks: 0,
  });

  /** One sandbox on a host that gives its command as much of a processor as `step` says. */
  function labOf() {
    let time = 0;
    let used = 0;
    const classes: CpuClass[] = [];
    const [bwrap, init, sandboxd] = [row(100, 1, 100), row(101, 100, 101), row(102, 101, 101)];
    const command = row(200, 102, 200);
    const rows = new Map([bwrap, init, sandboxd, command].map((one) => [one.pid, one]));
    const { look } = createCpuClasses({
      cgroups: {
        names: () => ['a-1'],
        members: () => [...rows.keys()],
        usedMicroseconds: () => used,
        setCpuClass: (_, cpuClass) => classes.push(cpuClass),
      },
      prefix: 'a-',
      readProcess: (pid) => rows.get(pid),
      now: () => time,
    });
    return {
      classes,
      command,
      sandboxd,
      /** Half a second in which a process takes a share of one processor. */
      step(who: ProcessRow, share: number) {
        time += 500;
        used += share * 500_000;
        who.cpuTicks += share * 50;
        who.ownCpuTicks += share * 50;
        look();
      },
    };
  }

  it('put one behind all others while its command computes for long, and back when it is over', () => {
    const { classes, command, step } = labOf();
    for (let count = 0; count < 4; count++) step(command, 1);
    expect(classes).toEqual(['ordinary']);
    for (let count = 0; count < 20; count++) step(command, 1);
    expect(classes).toEqual(['ordinary', 'leftover']);
    for (let count = 0; count < 60; count++) step(command, 0);
    expect(classes).toEqual(['ordinary', 'leftover', 'ordinary']);
  });
  it('stay the same for one whose long commands follow each other at once', () => {
    const { classes, command, step } = labOf();
    for (let count = 0; count < 20; count++) step(command, 1);
    for (let round = 0; round < 10; round++) {
      command.startTime = `round ${round}`;
      command.session = 300 + round;
      command.cpuTicks = 0;
      step(command, 0.1);
      for (let count = 0; count < 4; count++) step(command, 1);
    }
    expect(classes).toEqual(['ordinary', 'leftover']);
  });
  it('count what sandboxd takes of a flood of output, but not of short commands', () => {
    const { classes, sandboxd, step } = labOf();
    for (let count = 0; count < 100; count++) step(sandboxd, 0.4);
    expect(classes).toEqual(['ordinary']);
    for (let count = 0; count < 20; count++) step(sandboxd, 1);
    expect(classes).toEqual(['ordinary', 'leftover']);
  });
  it('count as sandboxd’s own nothing that its commands took', () => {
    const { classes, sandboxd, step } = labOf();
    for (let count = 0; count < 40; count++) {
      step(sandboxd, 1);
      sandboxd.ownCpuTicks = 0;
    }
    expect(classes).toEqual(['ordinary']);
  });
  it('let one that gets nothing at all behind others have its turn now and then', () => {
    const { classes, command, step } = labOf();
    for (let count = 0; count < 20; count++) step(command, 1);
    for (let count = 0; count < 6; count++) step(command, classes.at(-1) === 'leftover' ? 0 : 1);
    expect(classes.slice(1, 5)).toEqual(['leftover', 'ordinary', 'leftover', 'ordinary']);
  });
});
