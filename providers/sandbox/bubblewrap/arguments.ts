import { dirname } from 'node:path';

import type { SandboxLimits } from '../limits.ts';
import { PACKAGES } from '../packages/install-script.ts';
import type { RuntimeFiles } from '../runtime-files.ts';
import type { Identity } from './identity.ts';
import { sandboxdLoop } from '../sandboxd-loop.ts';
import { NAMESPACE_SCRIPT, userBounds } from './kernel/kernel-bounds.ts';
import { AUTHORITIES_PLACE, BROWSER_POLICIES, SYNTHETIC_ETC, type SystemFiles } from './system-files.ts';

/** How a top-level folder of the host looks: part of /usr by a link, a folder of its own, or missing. */
export type TopFolder = { name: string; link: string } | { name: string; link?: undefined };

/** The host's folders of one session, all below its `files`, and the claims. */
export interface SessionPaths {
  workspace: string;
  home: string;
  outputs: string;
  uploads: string;
  state: string;
  /** Long results of tools, for the agent to read: apart from the state, where commands may be able to write. */
  toolOutputs: string;
  claims: string;
  /** Holds the socket of the egress proxy where the session has one. */
  network: string;
}

export interface ArgumentsRequest {
  identity: Identity;
  paths: SessionPaths;
  runtime: RuntimeFiles;
  system: SystemFiles;
  limits: SandboxLimits;
  topFolders: readonly TopFolder[];
  /** Those of {@link HIDDEN_PROC} that this kernel has. */
  hiddenProc: readonly string[];
  /** Installed packages: shared and read-only, or being installed. */
  packages: { folder: string; use: 'read' | 'install' } | null;
  /** Descriptors that bwrap inherits. */
  descriptors: { info: number; block: number; seccomp: number };
}

/** Paths inside. */
export const INSIDE = {
  workdir: '/workspace',
  home: '/home/agent',
  outputs: '/mnt/session/outputs',
  uploads: '/mnt/session/uploads',
  toolOutputs: '/mnt/session/tool-outputs',
  /** The same folder, for sandboxd to write in. */
  keptOutputs: '/run/tool-outputs',
  state: '/run/sandboxd',
  claims: '/run/claims',
  network: '/run/network',
  node: '/opt/sandbox/bin/node',
  sandboxd: '/opt/sandbox/sandboxd',
  browser: '/opt/sandbox/browser',
  code: '/opt/sandbox/code',
} as const;

/** Parts of the host's /etc that programs in /usr need and that say nothing about the host. */
const SHARED_ETC = [
  'alternatives',
  'ssl',
  'ca-certificates',
  'pki',
  'crypto-policies',
  'ld.so.cache',
  'fonts',
  'mime.types',
  'perl',
  'java-17-openjdk',
  'java-21-openjdk',
  'chromium.d',
];

/** Made first, since bwrap closes the parents that it makes by itself to everybody but their owner. */
const PARENTS = [
  '/etc',
  '/home',
  '/mnt',
  '/mnt/session',
  '/opt',
  '/opt/sandbox',
  '/opt/sandbox/bin',
  '/run',
  '/var',
];

/** Kernel files that tell about the host and that no program needs. */
export const HIDDEN_PROC = ['cmdline', 'kallsyms', 'keys', 'key-users', 'timer_list', 'sched_debug', 'kcore'];

/**
 * What sandboxd may do, and no command: measure folders that the agent closed, look at the open files of its processes, and (process
 * number 1) set what is counted per user namespace.
 */
const WATCH_CAPABILITIES = ['CAP_DAC_READ_SEARCH', 'CAP_SYS_PTRACE', 'CAP_SYS_RESOURCE'];
/** Where it has an id of its own also: act as the agent, end its processes, and hand folders over to it. */
const KEEPER_CAPABILITIES = ['CAP_SETUID', 'CAP_SETGID', 'CAP_KILL', 'CAP_CHOWN'];

/**
 * Process number 1 of the sandbox: it keeps sandboxd running, reaps orphans, and can't be killed from inside. Its log lies in the
 * sandbox's own folder, so that no path of the host shows in /proc. Where commands have put something else in its place, such as a pipe
 * that nobody reads, it is set aside.
 */
const INIT_SCRIPT = `log=${INSIDE.state}/log
[ -w ${INSIDE.state} ] && [ -x ${INSIDE.state} ] || chmod 711 ${INSIDE.state}
if [ -e $log ] || [ -L $log ]; then
  [ -f $log ] && [ -w $log ] && [ ! -L $log ] || mv -T $log $log.not-$(date +%s%N)
fi
exec >$log 2>&1
${NAMESPACE_SCRIPT}
${sandboxdLoop(INSIDE)}`;

/** The folders between `top` and a path, from above. */
function foldersAbove(path: string, top: string): string[] {
  const folder = dirname(path);
  return folder === top ? [] : [...foldersAbove(folder, top), folder];
}

function systemArguments(request: ArgumentsRequest): string[] {
  const { system, topFolders } = request;
  const words = ['--ro-bind', '/usr', '/usr'];
  for (const folder of topFolders) {
    if (folder.link === undefined) words.push('--ro-bind', `/${folder.name}`, `/${folder.name}`);
    else words.push('--symlink', folder.link, `/${folder.name}`);
  }
  for (const folder of PARENTS) words.push('--perms', '0755', '--dir', folder);
  for (const name of SHARED_ETC) words.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
  if (system.authorities !== null) words.push('--ro-bind', system.authorities, AUTHORITIES_PLACE);
  for (const name of SYNTHETIC_ETC) words.push('--ro-bind', `${system.folder}/${name}`, `/etc/${name}`);
  for (const { file, place } of BROWSER_POLICIES) {
    for (const folder of foldersAbove(place, '/etc')) words.push('--perms', '0755', '--dir', folder);
    words.push('--ro-bind', `${system.folder}/${file}`, place);
  }
  words.push(
    '--dev',
    '/dev',
    '--size',
    String(request.limits.shmBytes),
    '--perms',
    '1777',
    '--tmpfs',
    '/dev/shm',
    '--proc',
    '/proc',
  );
  for (const name of request.hiddenProc) words.push('--ro-bind', system.empty, `/proc/${name}`);
  words.push(
    '--size',
    String(request.limits.tmpBytes),
    '--perms',
    '1777',
    '--tmpfs',
    '/tmp',
    '--symlink',
    '../tmp',
    '/var/tmp',
  );
  return words;
}

/** What apt needs to know of the host's system to find out what is missing; no credentials of its sources. */
const APT_STATE = [
  '/etc/apt/sources.list',
  '/etc/apt/sources.list.d',
  '/etc/apt/trusted.gpg.d',
  '/etc/apt/keyrings',
  '/etc/debian_version',
  '/var/lib/dpkg/status',
];

function packageArguments({ packages }: ArgumentsRequest): string[] {
  if (packages === null) return [];
  if (packages.use === 'read') return ['--ro-bind', packages.folder, PACKAGES];
  const parents = ['/etc/apt', '/etc/apt/apt.conf.d', '/etc/apt/preferences.d', '/var/lib', '/var/lib/dpkg'];
  return [
    ...parents.flatMap((folder) => ['--perms', '0755', '--dir', folder]),
    ...APT_STATE.flatMap((path) => ['--ro-bind-try', path, path]),
    '--bind',
    packages.folder,
    PACKAGES,
  ];
}

function sessionArguments({ paths, runtime }: ArgumentsRequest): string[] {
  return [
    ['--ro-bind', runtime.node, INSIDE.node],
    ['--ro-bind', runtime.sandboxd, INSIDE.sandboxd],
    ['--ro-bind', runtime.browser, INSIDE.browser],
    ['--ro-bind', runtime.code, INSIDE.code],
    ['--bind', paths.workspace, INSIDE.workdir],
    ['--bind', paths.home, INSIDE.home],
    ['--bind', paths.outputs, INSIDE.outputs],
    ['--ro-bind', paths.uploads, INSIDE.uploads],
    ['--symlink', INSIDE.uploads, '/uploads'],
    ['--bind', paths.state, INSIDE.state],
    ['--bind', paths.toolOutputs, INSIDE.keptOutputs],
    ['--ro-bind', paths.toolOutputs, INSIDE.toolOutputs],
    ['--ro-bind', paths.claims, INSIDE.claims],
    ['--ro-bind', paths.network, INSIDE.network],
  ].flat();
}

/** Namespaces, users and capabilities, by whether there are two user ids or one. */
function isolationArguments({ identity, descriptors }: ArgumentsRequest): string[] {
  const words = [
    '--unshare-user',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
  ];
  words.push('--hostname', 'sandbox', '--new-session', '--as-pid-1', '--cap-drop', 'ALL');
  words.push('--info-fd', String(descriptors.info), '--seccomp', String(descriptors.seccomp));
  for (const capability of WATCH_CAPABILITIES) words.push('--cap-add', capability);
  if (identity.kind === 'single') return [...words, '--uid', '1000', '--gid', '1000', '--disable-userns'];
  for (const capability of KEEPER_CAPABILITIES) words.push('--cap-add', capability);
  return [...words, '--uid', '0', '--gid', '0', '--userns-block-fd', String(descriptors.block)];
}

/**
 * The words after `bwrap`. Everything that is mounted without a size bound ends read-only: an unsized memory file system would take half
 * of the host's memory. The process limit is set inside, where the kernel counts only the sandbox's own processes.
 */
export function bubblewrapArguments(request: ArgumentsRequest, settings: string): string[] {
  const { limits } = request;
  const limiter = [
    'prlimit',
    `--nproc=${limits.processes}`,
    '--core=0',
    `--nofile=${limits.openFiles}`,
    `--data=${limits.dataBytes}`,
    `--fsize=${limits.fileBytes}`,
    ...userBounds(),
    '--',
  ];
  return [
    systemArguments(request),
    sessionArguments(request),
    packageArguments(request),
    ['--remount-ro', '/dev', '--remount-ro', '/'],
    isolationArguments(request),
    ['--chdir', '/', '--'],
    limiter,
    ['/bin/sh', '-c', INIT_SCRIPT, 'init', settings],
  ].flat();
}
