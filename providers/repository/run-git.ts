import { spawn } from 'node:child_process';

import { signalQuietly } from '../../sandboxd/processes.ts';
import { assertSpawned } from '../host/assert-spawned.ts';

export interface GitRun {
  words: readonly string[];
  /** The folder that git works in; its settings files are looked for nowhere else. */
  folder: string;
  /** Settings of this run, by name. They travel in the environment, since others can read argument lists. */
  settings: Readonly<Record<string, string>>;
  /** Whom git runs as; undefined: the service's own user. */
  user: { uid: number; gid: number } | undefined;
  /** Bytes of one file that it may write. */
  fileBytes: number;
}

/** How git ended. `words` is the newest part of what it wrote to its standard error. */
export interface GitEnd {
  code: number | null;
  /** The signal that ended it. */
  killedBy: NodeJS.Signals | null;
  output: string;
  words: string;
}

const WORDS = 16_384;
/** The shell counts file sizes in blocks. */
const BLOCK_BYTES = 512;
const LIMITER = 'ulimit -f "$1"; shift; exec git "$@"';

function environmentOf({ folder, settings }: GitRun): Record<string, string> {
  const entries = Object.entries(settings);
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
    HOME: folder,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'http:https:file',
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(
      entries.flatMap(([name, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, name],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/**
 * Runs git with settings of its own, and without any of the user's. Rejects when there is no git, and with the signal's reason when
 * `signal` aborts; whatever git started is ended then.
 */
export function runGit(run: GitRun, signal: AbortSignal): Promise<GitEnd> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const blocks = String(Math.ceil(run.fileBytes / BLOCK_BYTES));
    const child = spawn('/bin/sh', ['-c', LIMITER, 'git', blocks, ...run.words], {
      cwd: run.folder,
      env: environmentOf(run),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own: git leaves the fetching to others.
      detached: true,
      ...run.user,
    });
    assertSpawned(child);
    let output = '';
    let words = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-WORDS);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-WORDS);
    });
    const end = (): void => {
      if (child.pid !== undefined) signalQuietly(-child.pid, 'SIGKILL');
    };
    signal.addEventListener('abort', end, { once: true });
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve({ code, killedBy, output, words });
    });
  });
}
