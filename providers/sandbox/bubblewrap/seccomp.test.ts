import { describe, expect, it } from 'vitest';

import { hasSeccompFilter, seccompFilter } from './seccomp.ts';

const DATA = { number: 0, architecture: 4, firstArgument: 16 };

/** Runs the program as the kernel does, on one call. */
function run(filter: Uint8Array, call: { arch: number; number: number; values?: readonly number[] }): number {
  const view = new DataView(filter.buffer);
  const data = new Map([
    [DATA.number, call.number],
    [DATA.architecture, call.arch],
    ...Array.from({ length: 6 }, (_, index): [number, number][] => {
      const value = call.values?.[index] ?? 0;
      return [
        [DATA.firstArgument + index * 8, value % 2 ** 32],
        [DATA.firstArgument + index * 8 + 4, Math.floor(value / 2 ** 32)],
      ];
    }).flat(),
  ]);
  let accumulator = 0;
  for (let index = 0; index < filter.length / 8; index++) {
    const code = view.getUint16(index * 8, true);
    const operand = view.getUint32(index * 8 + 4, true);
    const jump = (taken: boolean): void => {
      index += view.getUint8(index * 8 + (taken ? 2 : 3));
    };
    if (code === 0x06) return operand;
    if (code === 0x20) accumulator = data.get(operand) ?? Number.NaN;
    else if (code === 0x15) jump(accumulator === operand);
    else if (code === 0x35) jump(accumulator >= operand);
    else if (code === 0x45) jump((accumulator & operand) !== 0);
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error('the program ran past its end');
}

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const errno = (number: number): number => 0x00050000 | number;

describe.each([
  [
    'x64',
    0xc000003e,
    { read: 0, ptrace: 101, clone: 56, socket: 41, ioctl: 16, mount: 165, readers: [53, 319, 29, 57, 58] },
    { mmap: 9, fallocate: 285, ioSetup: 206, memfdCreate: 319, shmget: 29, semget: 64, fcntl: 72 },
  ],
  [
    'arm64',
    0xc00000b7,
    { read: 63, ptrace: 117, clone: 220, socket: 198, ioctl: 29, mount: 40, readers: [199, 279, 194] },
    { mmap: 222, fallocate: 47, ioSetup: 0, memfdCreate: 279, shmget: 194, semget: 190, fcntl: 25 },
  ],
] as const)('the system call filter of %s', (architecture, arch, numbers, shared) => {
  const filters = {
    bare: seccompFilter(architecture, { isMemoryCounted: false, isDiskSized: false }),
    held: seccompFilter(architecture, { isMemoryCounted: true, isDiskSized: true }),
  };
  const on = (host: keyof typeof filters, number: number, ...values: number[]): number =>
    run(filters[host], { arch, number, values });
  const ask = (number: number, ...values: number[]): number => {
    const answer = on('bare', number, ...values);
    expect(on('held', number, ...values)).toBe(answer);
    return answer;
  };

  it('lets ordinary calls pass', () => {
    expect(ask(numbers.read)).toBe(ALLOW);
    expect(ask(numbers.clone, 17)).toBe(ALLOW);
    expect(ask(numbers.ioctl, 0, 0x5401)).toBe(ALLOW);
    for (const family of [1, 2, 10, 16]) expect(ask(numbers.socket, family)).toBe(ALLOW);
  });
  it('refuses what leads out', () => {
    expect(ask(numbers.ptrace)).toBe(errno(1));
    expect(ask(numbers.mount)).toBe(errno(1));
    expect(ask(425)).toBe(errno(1));
    expect(ask(435)).toBe(errno(38));
    for (const flag of [0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      expect(ask(numbers.clone, flag | 17)).toBe(errno(1));
    }
    for (const request of [0x5412, 0x541c]) expect(ask(numbers.ioctl, 0, request)).toBe(errno(1));
    for (const family of [17, 38, 40]) expect(ask(numbers.socket, family)).toBe(errno(97));
  });
  it('leaves a reader threads, but no processes, sockets or memory that nobody counts', () => {
    const reader = seccompFilter(architecture, 'reader');
    const asReader = (number: number, ...values: number[]): number => run(reader, { arch, number, values });
    expect(asReader(numbers.read)).toBe(ALLOW);
    expect(asReader(numbers.clone, 0x10000 | 0x100)).toBe(ALLOW);
    expect(asReader(numbers.clone, 17)).toBe(errno(1));
    expect(asReader(numbers.clone, 0x10000 | 0x20000000)).toBe(errno(1));
    expect(asReader(numbers.ptrace)).toBe(errno(1));
    for (const family of [1, 2, 10, 16]) expect(asReader(numbers.socket, family)).toBe(errno(97));
    for (const number of numbers.readers) {
      expect(asReader(number)).toBe(errno(1));
      expect(on('held', number)).toBe(ALLOW);
    }
  });
  it('refuses threads with open files of their own, and leases, which keep waiting whoever opens the file', () => {
    const thread = 0x3d0f00;
    expect(ask(numbers.clone, thread)).toBe(ALLOW);
    expect(ask(numbers.clone, thread - 0x400)).toBe(errno(1));
    // A process that shares them, or does not, as fork and vfork make it.
    expect(ask(numbers.clone, 0x400 | 17)).toBe(ALLOW);
    expect(ask(numbers.clone, 0x4100 | 17)).toBe(ALLOW);
    expect(ask(436, 3, 10, 4)).toBe(ALLOW);
    expect(ask(436, 3, 10, 2)).toBe(errno(22));
    expect(ask(shared.fcntl, 3, 6)).toBe(ALLOW);
    expect(ask(shared.fcntl, 3, 1024)).toBe(errno(22));
  });
  it('kills calls of another processor', () => {
    expect(run(filters.held, { arch: arch + 1, number: numbers.read })).toBe(KILL);
  });
  it('refuses what takes of tables and pools of the whole host', () => {
    expect(ask(shared.ioSetup, 1)).toBe(errno(38));
    expect(ask(447)).toBe(errno(38));
    expect(ask(shared.mmap, 0, 4096, 3, 0x22)).toBe(ALLOW);
    expect(ask(shared.mmap, 0, 2 ** 21, 3, 0x40022)).toBe(errno(12));
    expect(ask(shared.shmget, 0, 1_024, 0o4600)).toBe(errno(12));
    expect(ask(shared.memfdCreate, 0, 4)).toBe(errno(38));
  });
  it('refuses memory that no process shows only where no control group counts it', () => {
    expect(on('bare', shared.memfdCreate, 0, 1)).toBe(errno(38));
    for (const number of [444, 445, 446]) {
      expect(on('bare', number)).toBe(errno(38));
      expect(on('held', number)).toBe(ALLOW);
    }
    for (const command of [37, 38]) {
      expect(on('bare', shared.fcntl, 3, command)).toBe(errno(22));
      expect(on('held', shared.fcntl, 3, command)).toBe(ALLOW);
    }
    expect(on('held', shared.memfdCreate, 0, 1)).toBe(ALLOW);
    for (const bytes of [65_537, 2 ** 32, 2 ** 32 + 56]) {
      expect(on('bare', shared.shmget, 0, bytes, 0o600)).toBe(errno(22));
      expect(on('held', shared.shmget, 0, bytes, 0o600)).toBe(ALLOW);
    }
    // PostgreSQL's own.
    expect(ask(shared.shmget, 1, 56, 0o3600)).toBe(ALLOW);
    expect(ask(shared.semget, 1, 20, 0o3600)).toBe(ALLOW);
    expect(on('bare', shared.semget, 1, 32_000, 0o600)).toBe(errno(22));
  });
  it('refuses to allocate at one call only where the disk is watched', () => {
    for (const mode of [0, 1, 16, 32, 64]) {
      expect(on('bare', shared.fallocate, 3, mode, 0, 2 ** 33)).toBe(errno(95));
      expect(on('held', shared.fallocate, 3, mode, 0, 2 ** 33)).toBe(ALLOW);
    }
    // Holes give back.
    expect(ask(shared.fallocate, 3, 3, 0, 4096)).toBe(ALLOW);
    for (const request of [0x40305828, 0x4030582a, 0x40305839]) {
      expect(on('bare', numbers.ioctl, 3, request)).toBe(errno(95));
      expect(on('held', numbers.ioctl, 3, request)).toBe(ALLOW);
    }
  });
});

it('there is no filter where the calls have other numbers', () => {
  expect(hasSeccompFilter('x64')).toBe(true);
  expect(hasSeccompFilter('riscv64')).toBe(false);
  const variant = { isMemoryCounted: true, isDiskSized: true };
  expect(() => seccompFilter('riscv64', variant)).toThrow(RangeError);
});
