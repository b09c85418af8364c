import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { isAppError } from '../../../core/errors.ts';
import type { SandboxProbe } from '../sandbox.ts';
import type { Cgroups } from './cgroups.ts';
import type { Identity, IdentitySource } from './identity.ts';
import { DESCRIPTORS, launch } from './launch.ts';
import { hasSeccompFilter } from './seccomp.ts';
import { prepareSystemFiles, STRICTEST } from './system-files.ts';
import type { TopFolder } from './arguments.ts';

export interface ProbeRequest {
  source: IdentitySource;
  cgroups: Cgroups;
  base: string;
  topFolders: readonly TopFolder[];
  /** Whether sessions get file systems of a size of their own. */
  isSized: boolean | Promise<boolean>;
}

const PROGRAMS = ['bwrap', 'setpriv', 'prlimit', 'setsid', 'flock', 'rg', 'bash', 'socat'];

async function missingPrograms(): Promise<string[]> {
  const script = 'for name; do command -v "$name" >/dev/null || echo "$name"; done';
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script, 'probe', ...PROGRAMS], {
    env: { PATH: '/usr/bin:/bin' },
  });
  return stdout.split('\n').filter((name) => name !== '');
}

/** Sentences about which bounds hold on this host. */
function describeLimits(source: IdentitySource, cgroups: Cgroups, isSized: boolean): string[] {
  const users = {
    pair: 'Each session has two unprivileged user ids of its own: one for its commands, one for sandboxd and its records.',
    subordinate:
      'Commands of each session run as a user id of their own from /etc/subuid; sandboxd runs as the service.',
    single: `All sessions run as the service's own user id, apart by namespaces only${source.kind === 'single' ? ` (${source.why})` : ''}; a command can change the results, but not the claims, of its own session's calls.`,
  };
  const memory =
    cgroups.version === 'none'
      ? 'Memory: bounded per process by the kernel, for the session as a whole by a watch twice a second.'
      : `Memory, processes and CPU: control groups ${cgroups.version}.`;
  return [
    users[source.kind],
    memory,
    cgroups.version === 'none'
      ? 'CPU: a command that has computed for two seconds gets a smaller share than others.'
      : 'CPU: a sandbox whose command has computed for two seconds gets what nobody else on the host wants.',
    isSized
      ? 'Disk: a file system of its own size per session.'
      : 'Disk: watched every second while commands run, of large trees less often.',
  ];
}

/** Tries everything that a sandbox needs, up to running a program in one. */
export async function probeBubblewrap({
  source,
  cgroups,
  base,
  topFolders,
  isSized,
}: ProbeRequest): Promise<SandboxProbe> {
  const limits = describeLimits(source, cgroups, await isSized);
  const refuse = (why: string): SandboxProbe => ({ ok: false, isolation: 'namespace', limits, why });
  if (process.platform !== 'linux')
    return refuse('bubblewrap runs on Linux only; set sandbox.driver to docker or aio.');
  if (!hasSeccompFilter(process.arch))
    return refuse(`There is no system call filter for ${process.arch}; set sandbox.driver to docker or aio.`);
  const missing = await missingPrograms();
  if (missing.length > 0) {
    return refuse(
      `These programs are missing: ${missing.join(', ')}. On Debian or Ubuntu: apt-get install bubblewrap socat ripgrep util-linux.`,
    );
  }
  const identity: Identity =
    source.kind === 'single'
      ? { kind: 'single' }
      : {
          kind: source.kind,
          keeper: source.kind === 'pair' ? source.range.first : (process.getuid?.() ?? 0),
          agent: source.range.first + (source.kind === 'pair' ? 1 : 0),
        };
  const logFile = join(base, `probe-${process.pid}.log`);
  const words = [
    '--ro-bind',
    '/usr',
    '/usr',
    ...topFolders.flatMap((top) =>
      top.link === undefined
        ? ['--ro-bind', `/${top.name}`, `/${top.name}`]
        : ['--symlink', top.link, `/${top.name}`],
    ),
  ];
  words.push(
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    '--unshare-user',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-ipc',
    '--unshare-uts',
    '--info-fd',
    String(DESCRIPTORS.info),
    '--seccomp',
    String(DESCRIPTORS.seccomp),
  );
  words.push(
    ...(identity.kind === 'single'
      ? ['--uid', '1000', '--gid', '1000', '--disable-userns']
      : ['--uid', '0', '--gid', '0', '--userns-block-fd', String(DESCRIPTORS.block)]),
    '--',
    'true',
  );
  try {
    const system = prepareSystemFiles(base);
    const { exited } = await launch({
      identity,
      words,
      socket: null,
      seccompFile: system.seccomp(STRICTEST),
      logFile,
      cgroupFiles: [],
    });
    const code = await exited;
    return code === 0
      ? { ok: true, isolation: 'namespace', limits }
      : refuse(`A trial sandbox ended with ${code}. ${HINT}`);
  } catch (error) {
    if (isAppError(error)) return refuse(`${error.message} ${HINT}`);
    throw error;
  } finally {
    rmSync(logFile, { force: true });
  }
}

const HINT =
  'Unprivileged user namespaces may be switched off: see kernel.unprivileged_userns_clone and, on Ubuntu 23.10 and later, kernel.apparmor_restrict_unprivileged_userns (npm run setup installs a profile for bubblewrap).';
