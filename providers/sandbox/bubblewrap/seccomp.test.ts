import { describe, expect, it } from 'vitest';

import { hasSeccompFilter, seccompFilter } from './seccomp.ts';

const DATA = { number: 0, architecture: 4, firstArgument: 16, secondArgument: 24 };

/** Runs the program as the kernel does, on one call. */
function run(
  filter: Uint8Array,
  call: { arch: number; number: number; first?: number; second?: number },
): number {
  const view = new DataView(filter.buffer);
  const data = new Map([
    [DATA.number, call.number],
    [DATA.architecture, call.arch],
    [DATA.firstArgument, call.first ?? 0],
    [DATA.secondArgument, call.second ?? 0],
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
  ],
  [
    'arm64',
    0xc00000b7,
    { read: 63, ptrace: 117, clone: 220, socket: 198, ioctl: 29, mount: 40, readers: [199, 279, 194] },
  ],
] as const)('the system call filter of %s', (architecture, arch, numbers) => {
  const filter = seccompFilter(architecture);
  const ask = (number: number, first = 0, second = 0): number => run(filter, { arch, number, first, second });

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
    const asReader = (number: number, first = 0): number => run(reader, { arch, number, first });
    expect(asReader(numbers.read)).toBe(ALLOW);
    expect(asReader(numbers.clone, 0x10000 | 0x100)).toBe(ALLOW);
    expect(asReader(numbers.clone, 17)).toBe(errno(1));
    expect(asReader(numbers.clone, 0x10000 | 0x20000000)).toBe(errno(1));
    expect(asReader(numbers.ptrace)).toBe(errno(1));
    for (const family of [1, 2, 10, 16]) expect(asReader(numbers.socket, family)).toBe(errno(97));
    for (const number of numbers.readers) {
      expect(asReader(number)).toBe(errno(1));
      expect(ask(number)).toBe(ALLOW);
    }
  });
  it('kills calls of another processor', () => {
    expect(run(filter, { arch: arch + 1, number: numbers.read })).toBe(KILL);
  });
});

it('there is no filter where the calls have other numbers', () => {
  expect(hasSeccompFilter('x64')).toBe(true);
  expect(hasSeccompFilter('riscv64')).toBe(false);
  expect(() => seccompFilter('riscv64')).toThrow(RangeError);
});
