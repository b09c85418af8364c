import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { AsAgent } from '../as-agent.ts';
import { adopterWords } from '../family/adopter.ts';
import { descendantsOf } from '../family/descendants.ts';
import { endProcesses } from '../family/end-processes.ts';
import { readProcess, type ProcessRow } from '../processes.ts';
import { shellQuote } from '../shell-script.ts';

export type Language = 'python' | 'javascript';

/** How long a kernel may take until it listens. */
const START_MS = 10_000;
const POLL_MS = 10;
/** Clock ticks of the kernel's process times in a second, the same on every Linux. */
const TICKS = 100;

/**
 * Stays a while after the kernel, so that what the kernel's code started can be told from what others did; then its orphans are nobody's.
 * Arguments: the words that run the kernel.
 */
const HOLDER_SCRIPT = 'setsid "$@"; sleep 10';

/** The process between sandboxd and a kernel. */
export interface Holder {
  pid: number;
  startTime: string;
}

export interface KernelsDeps {
  /** Folder of sandboxd's own, for notes of what runs. */
  folder: string;
  /** Of the kernels' programs. */
  codeFolder: string;
  workdir: string;
  boot: string;
  /** The beginning of every script of the agent: its environment. */
  prelude: string;
  asAgent: AsAgent;
  prefix: readonly string[];
  environment: Record<string, string>;
}

/** The processes that keep the variables of code from call to call, one of each language. */
export interface Kernels {
  /** Starts the kernel unless it runs, and waits until it listens or has ended. */
  ensure(language: Language): Promise<Holder>;
  /** The script that runs the code on descriptor 3 in the kernel. */
  script(language: Language): string;
  /** Ends what code in the kernel started since a moment, in Unix milliseconds; the kernel and older programs stay. */
  endStarted(holder: Holder, sinceMs: number): Promise<void>;
  /** Ends the kernel and all that it started. */
  end(holder: Holder): Promise<void>;
}

/** When a moment was, in clock ticks since boot, rounded up: what is older is never taken for younger. */
function ticksAt(milliseconds: number): number {
  const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  return Math.ceil((uptime - (Date.now() - milliseconds) / 1_000) * TICKS);
}

function oldest(rows: readonly ProcessRow[]): ProcessRow | undefined {
  return [...rows].sort(
    (one, other) => Number(one.startTime) - Number(other.startTime) || one.pid - other.pid,
  )[0];
}

/** What descends from the holder, none when that is gone. */
function familyOf(rows: readonly ProcessRow[], holder: Holder): ProcessRow[] {
  return rows.some((row) => row.pid === holder.pid && row.startTime === holder.startTime)
    ? descendantsOf(rows, [holder.pid]).filter((row) => row.session !== holder.pid)
    : [];
}

export function createKernels(deps: KernelsDeps): Kernels {
  /** Sandboxes that share a /tmp, since nothing isolates them, have different working directories. The path of a socket must be short. */
  const places = `/tmp/.code-${createHash('sha256').update(deps.workdir).digest('hex').slice(0, 16)}`;
  const socketOf = (language: Language): string => join(places, `${language}.sock`);
  const endOf = (language: Language): string => join(places, `${language}.ended`);
  const noteOf = (language: Language): string => join(deps.folder, `${language}.json`);
  const starting = new Map<Language, Promise<Holder>>();
  // Whether a file exists is asked as the user that this process really is; what it is like, as the agent.
  const isThere = (path: string): boolean =>
    deps.asAgent(() => lstatSync(path, { throwIfNoEntry: false })) !== undefined;

  function running(language: Language): Holder | undefined {
    if (!existsSync(noteOf(language)) || isThere(endOf(language))) return undefined;
    const note = JSON.parse(readFileSync(noteOf(language), 'utf8')) as Holder & { boot: string };
    return note.boot === deps.boot && readProcess(note.pid)?.startTime === note.startTime ? note : undefined;
  }

  function kernelScript(language: Language): string {
    const [socket, ended] = [socketOf(language), endOf(language)].map(shellQuote);
    const program =
      language === 'python'
        ? `python3 ${shellQuote(join(deps.codeFolder, 'python-kernel.py'))}`
        : `${shellQuote(process.execPath)} ${shellQuote(join(deps.codeFolder, 'javascript-kernel.cjs'))}`;
    return [
      '{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null',
      `mkdir -p -m 700 ${shellQuote(places)} && [ -O ${shellQuote(places)} ] || exit 1`,
      `rm -f ${socket} ${socket}.new ${ended}`,
      `cd ${shellQuote(deps.workdir)}`,
      `${program} ${socket} </dev/null >/dev/null 2>&1`,
      `echo $? >${ended}`,
    ].join('\n');
  }

  async function start(language: Language): Promise<Holder> {
    mkdirSync(deps.folder, { recursive: true, mode: 0o700 });
    deps.asAgent(() => {
      // What an earlier kernel left would look like this one's.
      for (const path of [socketOf(language), endOf(language)]) rmSync(path, { force: true });
    });
    const shell = ['/bin/bash', '--noprofile', '--norc', '-c', `${deps.prelude}${kernelScript(language)}`];
    const [program = '', ...words] = [
      ...adopterWords(),
      '/bin/sh',
      '-c',
      HOLDER_SCRIPT,
      'kernel',
      ...deps.prefix,
      ...shell,
    ];
    const child = spawn(program, words, {
      cwd: '/',
      detached: true,
      env: deps.environment,
      stdio: 'ignore',
    });
    child.unref();
    child.on('error', () => {});
    const holder: Holder = { pid: child.pid ?? 0, startTime: readProcess(child.pid ?? 0)?.startTime ?? '' };
    writeFileSync(noteOf(language), JSON.stringify({ ...holder, boot: deps.boot }), { mode: 0o600 });
    for (const late = Date.now() + START_MS; Date.now() < late; await delay(POLL_MS)) {
      if (isThere(socketOf(language)) || isThere(endOf(language))) break;
    }
    return holder;
  }

  return {
    async ensure(language) {
      const known = starting.get(language);
      if (known !== undefined) return known;
      const holder = running(language);
      if (holder !== undefined) return holder;
      const started = start(language).finally(() => starting.delete(language));
      starting.set(language, started);
      return started;
    },
    script(language) {
      const client = join(deps.codeFolder, 'client.cjs');
      const words = [process.execPath, client, language, socketOf(language), endOf(language)];
      return `{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null\nexec ${words.map(shellQuote).join(' ')}`;
    },
    async endStarted(holder, sinceMs) {
      const since = ticksAt(sinceMs);
      await endProcesses((rows) => {
        const family = familyOf(rows, holder);
        // The shell around the kernel, and the kernel.
        const shell = oldest(family.filter((row) => row.parent === holder.pid));
        const kernel = oldest(family.filter((row) => row.parent === shell?.pid));
        const older = family.filter(
          (row) => Number(row.startTime) < since && row.pid !== shell?.pid && row.pid !== kernel?.pid,
        );
        const theirs = new Set(
          descendantsOf(
            family,
            older.map((row) => row.pid),
          ),
        );
        return family.filter((row) => Number(row.startTime) >= since && !theirs.has(row));
      });
    },
    async end(holder) {
      await endProcesses((rows) => familyOf(rows, holder));
    },
  };
}
