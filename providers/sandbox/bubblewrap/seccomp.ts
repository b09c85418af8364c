import { endianness } from 'node:os';

/**
 * The system call filter of a sandbox, as classic BPF. Everything is allowed except what leads out of a namespace, into the kernel's
 * rarely used and often broken parts, or to another process's memory, and what takes of a table of the whole host without a bound.
 */

/** What is bounded on this host by other means, and need not be refused. */
export interface SeccompVariant {
  /** A control group counts all memory. Else memory that belongs to no process is refused, or small pieces of it are allowed. */
  isMemoryCounted: boolean;
  /** The sandbox's files lie on a file system of their own size. Else what allocates gigabytes at one call is refused. */
  isDiskSized: boolean;
}

/** One instruction: code, jump if true, jump if false, operand. */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number];

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const JUMP_SET = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const failWith = (errno: number): number => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;
const ENOMEM = 12;
const EINVAL = 22;
const EOPNOTSUPP = 95;
const EAFNOSUPPORT = 97;

/** Offsets in the data that the kernel hands to the filter. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;
const SECOND_ARGUMENT = 24;
const THIRD_ARGUMENT = 32;
const FOURTH_ARGUMENT = 40;
/** Of a 64-bit argument; both processors store the lower half first. */
const UPPER_HALF = 4;

/** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES =
  0x80 | 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;
/** Terminal injection. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** Older ways to say fallocate: FS_IOC_RESVSP, FS_IOC_RESVSP64, FS_IOC_ZERO_RANGE. */
const PREALLOCATIONS = [0x40305828, 0x4030582a, 0x40305839];
/** FALLOC_FL_PUNCH_HOLE and FALLOC_FL_COLLAPSE_RANGE: these give space back. */
const GIVES_BACK = 0x02 | 0x08;
/** MAP_HUGETLB, SHM_HUGETLB, MFD_HUGETLB. The host's huge pages are one pool, which nothing else bounds. */
const MAP_HUGETLB = 0x40000;
const SHM_HUGETLB = 0o4000;
const MFD_HUGETLB = 0x04;
/**
 * The largest System V segment where no control group counts them: PostgreSQL needs 56 bytes, and the 4096 segments that an IPC namespace
 * may have are 256 MiB.
 */
const SHARED_SEGMENT_BYTES = 65_536;
/** Likewise semaphores of one set: PostgreSQL takes 20; 32000 sets of 64 are 256 MiB. */
const SEMAPHORES_OF_SET = 64;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK (which programs use to list interfaces). */
const SOCKET_FAMILIES = [1, 2, 10, 16];
/** CLONE_THREAD. */
const NEW_THREAD = 0x00010000;
/** CLONE_FILES. */
const SAME_FILES = 0x0400;
/** CLOSE_RANGE_UNSHARE. */
const OWN_FILES = 0x02;
/** F_SETLEASE. */
const SET_LEASE = 1024;
/** F_OFD_SETLK and F_OFD_SETLKW. */
const OPEN_FILE_LOCKS = [37, 38];

interface Architecture {
  audit: number;
  clone: number;
  clone3: number;
  ioctl: number;
  socket: number;
  fcntl: number;
  mmap: number;
  fallocate: number;
  ioSetup: number;
  memfdCreate: number;
  shmget: number;
  semget: number;
  /** Numbers from here on are another calling convention (x32). */
  foreignFrom?: number;
  denied: readonly number[];
  deniedToReaders: readonly number[];
}

/** memfd_secret, on both: its pages can't be swapped and show in no process's memory. */
const MEMFD_SECRET = 447;

/** close_range, on both. */
const CLOSE_RANGE = 436;
/** landlock_create_ruleset, landlock_add_rule and landlock_restrict_self, on both. */
const LANDLOCK = [444, 445, 446];

/** Numbers that are the same on both: io_uring, the new mount calls, pidfd_getfd, mount_setattr, quotactl_fd. */
const DENIED_ON_BOTH = [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442, 443];

/**
 * In this order: ptrace, process_vm_readv, process_vm_writev, mount, umount2, pivot_root, chroot, setns, unshare, bpf,
 * perf_event_open, keyctl, add_key, request_key, userfaultfd, kexec_load, kexec_file_load, init_module, finit_module, delete_module,
 * reboot, open_by_handle_at, name_to_handle_at, swapon, swapoff, acct, quotactl, syslog, settimeofday, clock_settime, clock_adjtime,
 * sethostname, setdomainname, nfsservctl, lookup_dcookie, vhangup, kcmp, fanotify_init; then, on x86-64 only, iopl, ioperm,
 * modify_ldt, uselib, _sysctl, sysfs, ustat.
 *
 * `deniedToReaders`: socketpair, execveat, memfd_create, shmget, shmat, shmctl, msgget, semget; then, on x86-64 only, fork and vfork.
 */
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    clone3: 435,
    ioctl: 16,
    socket: 41,
    fcntl: 72,
    mmap: 9,
    fallocate: 285,
    ioSetup: 206,
    memfdCreate: 319,
    shmget: 29,
    semget: 64,
    foreignFrom: 0x40000000,
    denied: [
      101, 310, 311, 165, 166, 155, 161, 308, 272, 321, 298, 250, 248, 249, 323, 246, 320, 175, 313, 176, 169,
      304, 303, 167, 168, 163, 179, 103, 164, 227, 305, 170, 171, 180, 212, 153, 312, 300, 172, 173, 154, 134,
      156, 139, 136,
    ],
    deniedToReaders: [53, 322, 319, 29, 30, 31, 68, 64, 57, 58],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    clone3: 435,
    ioctl: 29,
    socket: 198,
    fcntl: 25,
    mmap: 222,
    fallocate: 47,
    ioSetup: 0,
    memfdCreate: 279,
    shmget: 194,
    semget: 190,
    denied: [
      117, 270, 271, 40, 39, 41, 51, 268, 97, 280, 241, 219, 217, 218, 282, 104, 294, 105, 273, 106, 142, 265,
      264, 224, 225, 89, 60, 116, 170, 112, 266, 161, 162, 42, 18, 58, 272, 262,
    ],
    deniedToReaders: [199, 281, 279, 194, 196, 195, 186, 190],
  },
};

/** Whether there is a filter for this processor. Without one no sandbox is started. */
export function hasSeccompFilter(architecture: NodeJS.Architecture): boolean {
  return ARCHITECTURES[architecture] !== undefined;
}

/** Returns `value` for one system call number. */
function onNumber(number: number, value: number): Instruction[] {
  return [
    [JUMP_EQUAL, 0, 1, number],
    [RETURN, 0, 0, value],
  ];
}

type Test = readonly [code: number, operand: number];

/**
 * Returns `value` for a system call with an argument that passes the test, or, with `unless`, that does not; then goes on with the next rule.
 * The number is loaded again, since one call may have several rules.
 */
function onArgument(
  number: number,
  offset: number,
  [code, operand]: Test,
  value: number,
  unless = false,
): Instruction[] {
  return [
    [JUMP_EQUAL, 0, 4, number],
    [LOAD_WORD, 0, 0, offset],
    [code, unless ? 1 : 0, unless ? 0 : 1, operand],
    [RETURN, 0, 0, value],
    [LOAD_WORD, 0, 0, NUMBER],
  ];
}

/** What would take of something that all sandboxes of the host share, in the words of a kernel that does not have it. */
function sharedTables(table: Architecture, { isMemoryCounted, isDiskSized }: SeccompVariant): Instruction[] {
  const rules = [
    // A lease makes whoever opens the file wait for most of a minute, such as what saves the sandbox.
    onArgument(table.fcntl, SECOND_ARGUMENT, [JUMP_EQUAL, SET_LEASE], failWith(EINVAL)),
    // One call may take all that fs.aio-max-nr grants to the host. Programs do without, as on kernels built without it.
    onNumber(table.ioSetup, failWith(ENOSYS)),
    onNumber(MEMFD_SECRET, failWith(ENOSYS)),
    onArgument(table.mmap, FOURTH_ARGUMENT, [JUMP_SET, MAP_HUGETLB], failWith(ENOMEM)),
    onArgument(table.shmget, THIRD_ARGUMENT, [JUMP_SET, SHM_HUGETLB], failWith(ENOMEM)),
    onArgument(table.memfdCreate, SECOND_ARGUMENT, [JUMP_SET, MFD_HUGETLB], failWith(ENOSYS)),
  ];
  if (!isMemoryCounted) {
    rules.push(
      // One set of rules, which is one open file, may have millions of them.
      ...LANDLOCK.map((number) => onNumber(number, failWith(ENOSYS))),
      // The kernel does not say whose they are, and there may be any number of them on one open file.
      ...OPEN_FILE_LOCKS.map((command) =>
        onArgument(table.fcntl, SECOND_ARGUMENT, [JUMP_EQUAL, command], failWith(EINVAL)),
      ),
      // No process's memory shows what such a file holds while nothing maps it, or while it is on its way through a socket.
      onNumber(table.memfdCreate, failWith(ENOSYS)),
      onArgument(table.shmget, SECOND_ARGUMENT + UPPER_HALF, [JUMP_EQUAL, 0], failWith(EINVAL), true),
      onArgument(
        table.shmget,
        SECOND_ARGUMENT,
        [JUMP_GREATER_EQUAL, SHARED_SEGMENT_BYTES + 1],
        failWith(EINVAL),
      ),
      onArgument(
        table.semget,
        SECOND_ARGUMENT,
        [JUMP_GREATER_EQUAL, SEMAPHORES_OF_SET + 1],
        failWith(EINVAL),
      ),
    );
  }
  if (!isDiskSized) {
    rules.push(
      onArgument(table.fallocate, SECOND_ARGUMENT, [JUMP_SET, GIVES_BACK], failWith(EOPNOTSUPP), true),
      ...PREALLOCATIONS.map((request) =>
        onArgument(table.ioctl, SECOND_ARGUMENT, [JUMP_EQUAL, request], failWith(EOPNOTSUPP)),
      ),
    );
  }
  return rules.flat();
}

/** A thread with open files of its own: no program makes one, and what it has open shows where nobody looks. */
function ownFilesOfThreads({ clone }: Architecture): Instruction[] {
  return [
    [JUMP_EQUAL, 0, 5, clone],
    [LOAD_WORD, 0, 0, FIRST_ARGUMENT],
    [JUMP_SET, 0, 2, NEW_THREAD],
    [JUMP_SET, 1, 0, SAME_FILES],
    [RETURN, 0, 0, failWith(EPERM)],
    [LOAD_WORD, 0, 0, NUMBER],
    ...onArgument(CLOSE_RANGE, THIRD_ARGUMENT, [JUMP_SET, OWN_FILES], failWith(EINVAL)),
  ];
}

/**
 * The program's bytes for `bwrap --seccomp`. Throws RangeError for a processor without a table.
 *
 * @param whom - a sandbox, which runs any program. `reader`: one process that computes, with threads, and has no use for sockets, for other
 * processes or for memory that the kernel does not count as its own.
 */
export function seccompFilter(
  architecture: NodeJS.Architecture,
  whom: SeccompVariant | 'reader',
): Uint8Array {
  const table = ARCHITECTURES[architecture];
  if (table === undefined) throw new RangeError(`no system call table for ${architecture}`);
  const program: Instruction[] = [
    [LOAD_WORD, 0, 0, ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, table.audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD_WORD, 0, 0, NUMBER],
  ];
  if (table.foreignFrom !== undefined) {
    program.push([JUMP_GREATER_EQUAL, 0, 1, table.foreignFrom], [RETURN, 0, 0, KILL_PROCESS]);
  }
  const denied = [...table.denied, ...DENIED_ON_BOTH, ...(whom === 'reader' ? table.deniedToReaders : [])];
  for (const number of denied) program.push(...onNumber(number, failWith(EPERM)));
  // The C library falls back to clone, whose flags can be looked at.
  program.push(...onNumber(table.clone3, failWith(ENOSYS)));
  const variant = whom === 'reader' ? { isMemoryCounted: false, isDiskSized: false } : whom;
  program.push(...sharedTables(table, variant));
  if (whom !== 'reader') program.push(...ownFilesOfThreads(table));
  const unlessThread: Instruction[] = whom === 'reader' ? [[JUMP_SET, 1, 0, NEW_THREAD]] : [];
  program.push(
    [JUMP_EQUAL, 0, 4 + unlessThread.length, table.clone],
    [LOAD_WORD, 0, 0, FIRST_ARGUMENT],
    [JUMP_SET, unlessThread.length, 1 - unlessThread.length, NEW_NAMESPACES],
    ...unlessThread,
    [RETURN, 0, 0, failWith(EPERM)],
    [RETURN, 0, 0, ALLOW],
  );
  program.push(
    [JUMP_EQUAL, 0, 5, table.ioctl],
    [LOAD_WORD, 0, 0, SECOND_ARGUMENT],
    [JUMP_EQUAL, 1, 0, TIOCSTI],
    [JUMP_EQUAL, 0, 1, TIOCLINUX],
    [RETURN, 0, 0, failWith(EPERM)],
    [RETURN, 0, 0, ALLOW],
  );
  const allowed = whom === 'reader' ? [] : SOCKET_FAMILIES;
  const families = allowed.map((family, index): Instruction => [
    JUMP_EQUAL,
    allowed.length - index,
    0,
    family,
  ]);
  program.push(
    [JUMP_EQUAL, 0, families.length + 2, table.socket],
    [LOAD_WORD, 0, 0, FIRST_ARGUMENT],
    ...families,
    [RETURN, 0, 0, failWith(EAFNOSUPPORT)],
    [RETURN, 0, 0, ALLOW],
  );

  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  const little = endianness() === 'LE';
  for (const [index, [code, jumpTrue, jumpFalse, operand]] of program.entries()) {
    bytes.setUint16(index * 8, code, little);
    bytes.setUint8(index * 8 + 2, jumpTrue);
    bytes.setUint8(index * 8 + 3, jumpFalse);
    bytes.setUint32(index * 8 + 4, operand >>> 0, little);
  }
  return new Uint8Array(bytes.buffer);
}
