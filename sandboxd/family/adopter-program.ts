/** Where the program is loaded; any page above the lowest will do. */
const BASE = 0x400000;
const HEADERS = 64 + 56;

/** Of each processor: its number in ELF, and its instructions. */
const PROGRAMS: Partial<Record<NodeJS.Architecture, { machine: number; code: string }>> = {
  x64: {
    machine: 62,
    code: [
      'bf24000000', // mov edi, 36: PR_SET_CHILD_SUBREAPER
      'be01000000', // mov esi, 1
      '31d2', // xor edx, edx
      '4531d2', // xor r10d, r10d
      '4531c0', // xor r8d, r8d
      'b89d000000', // mov eax, 157: prctl
      '0f05', // syscall
      '488b0424', // mov rax, [rsp]: the number of words
      '488d742410', // lea rsi, [rsp + 16]: the words after the first
      '488b3e', // mov rdi, [rsi]: the program to go on as
      '488d54c410', // lea rdx, [rsp + 8 * rax + 16]: the environment
      'b83b000000', // mov eax, 59: execve
      '0f05', // syscall
      'bf7f000000', // mov edi, 127
      'b83c000000', // mov eax, 60: exit
      '0f05', // syscall
    ].join(''),
  },
  arm64: {
    machine: 183,
    code: [
      'd2800480', // mov x0, 36: PR_SET_CHILD_SUBREAPER
      'd2800021', // mov x1, 1
      'd2800002', // mov x2, 0
      'd2800003', // mov x3, 0
      'd2800004', // mov x4, 0
      'd28014e8', // mov x8, 167: prctl
      'd4000001', // svc 0
      'f94003e9', // ldr x9, [sp]: the number of words
      '910043e1', // add x1, sp, 16: the words after the first
      'f9400020', // ldr x0, [x1]: the program to go on as
      '8b090c22', // add x2, x1, x9, lsl 3: the environment
      'd2801ba8', // mov x8, 221: execve
      'd4000001', // svc 0
      'd2800fe0', // mov x0, 127
      'd2800ba8', // mov x8, 93: exit
      'd4000001', // svc 0
    ]
      .map((word) => Buffer.from(word, 'hex').reverse().toString('hex'))
      .join(''),
  },
};

/**
 * A program that makes itself the one to whom the kernel gives the orphans among its descendants, and goes on as the program that its
 * words name, by absolute path. Whatever that one starts stays its descendant, also after `setsid` and a double fork, until it ends
 * itself: the kernel keeps track, and nothing that a descendant does changes it. There is no command that does this on every system.
 *
 * @returns the bytes of a Linux executable, or null for a processor that none is known for.
 */
export function adopterProgram(processor: string): Buffer | null {
  const known = PROGRAMS[processor as NodeJS.Architecture];
  if (known === undefined) return null;
  const code = Buffer.from(known.code, 'hex');
  const file = Buffer.alloc(HEADERS + code.length);
  // ELF, 64 bits, little end first.
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(2, 16); // an executable
  file.writeUInt16LE(known.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(BASE + HEADERS), 24); // where it begins to run
  file.writeBigUInt64LE(64n, 32); // where the program header lies
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  // One segment, to be read and run: the whole file.
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeBigUInt64LE(BigInt(BASE), 80);
  file.writeBigUInt64LE(BigInt(BASE), 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x1000n, 112);
  code.copy(file, HEADERS);
  return file;
}
