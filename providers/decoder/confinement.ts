import { topFolders } from '../sandbox/bubblewrap/top-folders.ts';
import { ANSWERS_DESCRIPTOR, BUBBLEWRAP_DESCRIPTORS } from './descriptors.ts';
import type { ProcessLimits } from './process-limits.ts';
import type { DecoderRuntime } from './runtime.ts';

export type Isolation = 'bubblewrap' | 'permissions';

export interface Confinement {
  isolation: Isolation;
  runtime: DecoderRuntime;
  limits: ProcessLimits;
  /** Of the process where the service is root. */
  uid: number;
  /** Leaves out the rules of Node.js, so that a test sees what the outer wall holds by itself. */
  isInnerOpen?: boolean;
}

/** A program with its arguments, and how many descriptors it is given. */
export interface ConfinedCommand {
  program: string;
  words: string[];
  /** Whether bwrap tells which process it made, and reads a filter. */
  isBubblewrap: boolean;
}

/** Where the runtime lies inside. */
const INSIDE = '/decoder';
/** The user and group that a process is inside its own namespace. */
const INSIDE_ID = 1000;
/** Bytes of a file that it may write. It can write none, but bwrap itself writes a few words before it starts. */
const FILE_BYTES = 65_536;

/** Libraries, and what drawings with text need. No programs: there is none to start. */
const READABLE = [
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/libx32',
  '/usr/share/fonts',
  '/usr/share/fontconfig',
];
const READABLE_ETC = ['/etc/ld.so.cache', '/etc/fonts'];

/**
 * How a decoder process is started so that it is held from outside.
 *
 * With `bubblewrap` it has namespaces of its own: it sees the runtime, the system's libraries and nothing else of the host, reads only,
 * has no network device, no other process, and no capabilities; a system call filter forbids sockets, new processes and shared memory. As
 * root it has a user id of its own. With `permissions` the rules of Node.js hold JavaScript to reading the runtime and nothing else, but
 * not machine code that was taken over. Limits of the kernel hold in both wherever `prlimit` is.
 */
export function confinedCommand({
  isolation,
  runtime,
  limits,
  uid,
  isInnerOpen = false,
}: Confinement): ConfinedCommand {
  const flags = isInnerOpen ? () => [] : permissionFlags;
  const isLinux = process.platform === 'linux';
  const outer = [
    ...(isLinux && process.getuid?.() === 0 ? ownUser(uid) : []),
    ...(isLinux ? limiter(limits) : []),
  ];
  const inner =
    isolation === 'bubblewrap'
      ? [
          ...bubblewrap(runtime),
          ...node({ ...runtime, folder: INSIDE, node: `${INSIDE}/node` }, limits, flags),
        ]
      : node(runtime, limits, flags);
  const [program = '', ...words] = [...outer, ...inner];
  return { program, words, isBubblewrap: isolation === 'bubblewrap' };
}

function ownUser(uid: number): string[] {
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${uid}`,
    '--clear-groups',
    '--inh-caps=-all',
    '--no-new-privs',
  ];
}

function limiter({ dataBytes, cpuSeconds, openFiles }: ProcessLimits): string[] {
  return [
    'prlimit',
    '--core=0',
    `--data=${dataBytes}`,
    `--cpu=${cpuSeconds}`,
    `--nofile=${openFiles}`,
    `--fsize=${FILE_BYTES}`,
    '--',
  ];
}

function bubblewrap({ folder }: DecoderRuntime): string[] {
  const words = [
    'bwrap',
    '--perms',
    '0755',
    '--dir',
    '/usr',
    '--perms',
    '0755',
    '--dir',
    '/usr/share',
    '--perms',
    '0755',
    '--dir',
    '/etc',
  ];
  for (const place of [...READABLE, ...READABLE_ETC]) words.push('--ro-bind-try', place, place);
  for (const { name, link } of topFolders()) {
    // Those without `bin` in their name hold the loader and libraries.
    if (name.endsWith('bin')) continue;
    words.push(
      ...(link === undefined ? ['--ro-bind', `/${name}`, `/${name}`] : ['--symlink', link, `/${name}`]),
    );
  }
  words.push('--ro-bind', folder, INSIDE, '--remount-ro', '/');
  words.push(
    '--unshare-user',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
  );
  words.push('--uid', String(INSIDE_ID), '--gid', String(INSIDE_ID), '--disable-userns', '--cap-drop', 'ALL');
  words.push(
    '--hostname',
    'decoder',
    '--new-session',
    '--die-with-parent',
    '--as-pid-1',
    '--clearenv',
    '--chdir',
    INSIDE,
  );
  const { info, seccomp } = BUBBLEWRAP_DESCRIPTORS;
  return [...words, '--info-fd', String(info), '--seccomp', String(seccomp), '--'];
}

/** Images are decoded by machine code, in addons. Without bubblewrap they are the hole in the wall, and the probe says so. */
function permissionFlags(folder: string): string[] {
  return ['--permission', `--allow-fs-read=${folder}/`, '--allow-addons'];
}

function node(
  { folder, node: program, main }: DecoderRuntime,
  { heapMb }: ProcessLimits,
  flagsFor: (folder: string) => string[],
): string[] {
  return [
    program,
    ...flagsFor(folder),
    `--max-old-space-size=${heapMb}`,
    '--disable-warning=PERM0001',
    `${folder}/${main}`,
  ];
}

/**
 * Descriptors as `spawn` takes them.
 *
 * @param nothing - an open /dev/null, which stands in for what the process would inherit though nobody passes it on.
 */
export function stdioOf(
  filter: number | null,
  nothing: number,
  stray: readonly number[],
): ('pipe' | 'ignore' | number)[] {
  const length = Math.max(2, ...stray) + 1;
  const stdio = Array.from({ length }, (_value, descriptor): 'pipe' | 'ignore' | number =>
    stray.includes(descriptor) ? nothing : 'ignore',
  );
  stdio[0] = 'pipe';
  stdio[2] = 'pipe';
  stdio[ANSWERS_DESCRIPTOR] = 'pipe';
  if (filter !== null) {
    stdio[BUBBLEWRAP_DESCRIPTORS.info] = 'pipe';
    stdio[BUBBLEWRAP_DESCRIPTORS.seccomp] = filter;
  }
  return stdio;
}
