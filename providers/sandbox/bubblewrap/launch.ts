import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

import { AppError } from '../../../core/errors.ts';
import { strayDescriptors } from '../../host/stray-descriptors.ts';
import { mountWords, type SessionDisk } from './disk/mount-words.ts';
import type { Identity } from './identity.ts';
import { assertSpawned } from '../../host/assert-spawned.ts';

/** Descriptors of the child, by position in its stdio. */
export const DESCRIPTORS = { socket: 3, info: 4, block: 5, seccomp: 6 } as const;

export interface LaunchRequest {
  identity: Identity;
  /** The words after `bwrap`. */
  words: readonly string[];
  /** The listening socket, or null for a sandbox that only runs one program. */
  socket: number | null;
  seccompFile: string;
  logFile: string;
  /** Control groups to enter first. */
  cgroupFiles: readonly string[];
  /** The disk of its own that it sees in place of its files; only with a pair of ids. */
  disk?: SessionDisk | undefined;
}

/** A bwrap that was started. `pid` is process number 1 of the sandbox, as the host numbers it. */
export interface Launched {
  pid: number;
  exited: Promise<number | null>;
}

/** bwrap itself keeps the environment that it was started with, readable from inside. */
const ENVIRONMENT = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' };
const INFO_MS = 10_000;
/** The agent's user and group id inside. */
export const AGENT_ID = 1000;

/** The words before `bwrap`: stray open files closed, control groups, then the session's own user where the service is root. */
function outerWords({ identity, cgroupFiles, disk }: LaunchRequest): string[] {
  const user =
    identity.kind === 'pair'
      ? [`--reuid=${identity.keeper}`, `--regid=${identity.keeper}`, '--clear-groups']
      : [];
  const mount = disk !== undefined && identity.kind === 'pair' ? mountWords(disk, identity.keeper) : [];
  const words = [...mount, 'setpriv', ...user, '--inh-caps=-all', '--no-new-privs', 'bwrap'];
  const passed: number[] = Object.values(DESCRIPTORS);
  const stray = strayDescriptors().filter((descriptor) => !passed.includes(descriptor));
  if (cgroupFiles.length === 0 && stray.length === 0) return words;
  const close = stray.map((descriptor) => `exec ${descriptor}>&-; `).join('');
  const enter = `${close}while [ "$1" != -- ]; do echo $$ >"$1" || exit 98; shift; done; shift; exec "$@"`;
  // Other shells than bash know descriptors up to 9 only.
  return [stray.length > 0 ? 'bash' : '/bin/sh', '-c', enter, 'enter', ...cgroupFiles, '--', ...words];
}

/** Tells the kernel which of the host's ids the two users of the sandbox are. */
async function mapUsers(identity: Identity, pid: number): Promise<void> {
  if (identity.kind === 'single') return;
  const { keeper, agent } = identity;
  if (identity.kind === 'pair') {
    for (const map of ['uid_map', 'gid_map'])
      writeFileSync(`/proc/${pid}/${map}`, `0 ${keeper} 1\n${AGENT_ID} ${agent} 1\n`);
    return;
  }
  for (const program of ['newuidmap', 'newgidmap']) {
    const own = program === 'newuidmap' ? process.getuid?.() : process.getgid?.();
    const words = [String(pid), '0', String(own), '1', String(AGENT_ID), String(agent), '1'];
    await promisify(execFile)(program, words, { env: ENVIRONMENT });
  }
}

/** What bwrap says about the child that it made; undefined when it ended without a word. */
function readInfo(child: ChildProcess): Promise<number | undefined> {
  // Read to its end, also after the number came: bwrap writes on, and a closed pipe would kill it.
  const stream = child.stdio[DESCRIPTORS.info] as Socket;
  stream.unref();
  return new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => resolve(undefined), INFO_MS);
    const settle = (pid: number | undefined): void => {
      clearTimeout(timer);
      resolve(pid);
    };
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
      if (pid !== undefined) settle(Number(pid));
    });
    stream.once('error', () => settle(undefined));
    child.once('error', () => settle(undefined));
    // Not when it exits: a short program may be over before what bwrap said is read.
    stream.once('end', () => settle(undefined));
  });
}

/** Starts bwrap apart from this process, so that the sandbox outlives it. Rejects with `sandbox_unavailable` and bwrap's own words. */
export async function launch(request: LaunchRequest): Promise<Launched> {
  const log = openSync(request.logFile, 'w', 0o600);
  const filter = openSync(request.seccompFile, 'r');
  const [program = 'setpriv', ...rest] = [...outerWords(request), ...request.words];
  try {
    const child = spawn(program, rest, {
      cwd: '/',
      detached: true,
      env: ENVIRONMENT,
      stdio: ['ignore', log, log, request.socket ?? 'ignore', 'pipe', 'pipe', filter],
    });
    assertSpawned(child);
    const exited = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.once('error', () => resolve(null));
    });
    const pid = await readInfo(child);
    const streams: readonly (Readable | Writable | null | undefined)[] = child.stdio;
    const gate = streams[DESCRIPTORS.block] as Writable;
    // A child that is gone closes its end; that is reported below.
    gate.on('error', () => gate.destroy());
    if (pid === undefined) {
      child.kill('SIGKILL');
      await exited;
      throw new AppError(
        'sandbox_unavailable',
        `bubblewrap could not start a sandbox: ${readFileSync(request.logFile, 'utf8').trim().slice(0, 2000) || 'no message'}`,
      );
    }
    await mapUsers(request.identity, pid);
    gate.end('go');
    // A sandbox outlives this process; a single program is waited for.
    if (request.socket !== null) child.unref();
    return { pid, exited };
  } finally {
    closeSync(log);
    closeSync(filter);
  }
}
