import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { EndedBy } from '../providers/sandbox/operation.ts';
import type { Pipes } from './pipes.ts';
import { adopterWords } from './family/adopter.ts';
import { descendantsOf } from './family/descendants.ts';
import { endProcesses } from './family/end-processes.ts';
import { readNumberFile } from './number-file.ts';
import { listProcesses, readProcess, signalQuietly, type ProcessRow } from './processes.ts';
import { RUNNER_SCRIPT } from './shell-script.ts';
import { openSpool, type Spool } from './spool.ts';

/** Between asking a command to end and ending it. */
const GRACE_MS = 2_000;
/** How often a command that another sandboxd started is looked at. */
const POLL_MS = 25;
/** Looks at an exit code that is being written, until it is taken for one that could not be written. */
const EMPTY_LOOKS = 40;
/** What is read at most after the end; a background process that goes on writing would otherwise never let go. */
const DRAIN_BYTES = 1024 * 1024;

/** A command under way. */
export interface RunningCommand {
  /** The exit code, or null when its runner was killed. */
  readonly ended: Promise<number | null>;
  readonly spool: Spool;
  /** Asks the command's processes to end, and after two seconds ends them. */
  end(reason: EndedBy): void;
  readonly runner: Runner;
}

/** The process between sandboxd and a command. Whatever the command starts descends from it as long as it lives. */
export interface Runner {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: string;
}

export interface CommandRequest {
  folder: string;
  command: string;
  script: string;
  /** The words before the shell that switch to the agent's user. */
  prefix: readonly string[];
  environment: Record<string, string>;
}

export interface CommandDeps {
  pipes: Pipes;
  /** The file that gathers the output, on the file system of the folder where long output is kept. */
  spoolFile: string;
  outputFileBytes: number;
  noteEnding(reason: EndedBy): void;
}

/** Reads what is left in the pipe. The descriptor does not block: "nothing there" ends the loop. */
function drain(descriptor: number, spool: Spool): void {
  const buffer = Buffer.alloc(65_536);
  for (let seen = 0; seen < DRAIN_BYTES;) {
    let count: number;
    try {
      count = readSync(descriptor, buffer, 0, buffer.length, null);
    } catch {
      return;
    }
    if (count === 0) return;
    seen += count;
    spool.write(buffer.subarray(0, count));
  }
}

/** The pipe of a command that ended, as long as processes that it left in the background may still write to it. */
const BACKGROUND = 'background';

/** Renames the pipe, which also lets the runner go. A pipe that the agent removed needs no new name. */
function retire(pipe: string, target: string): void {
  if (existsSync(pipe)) renameSync(pipe, target);
}

/** Reads and drops what background processes of an ended command write, so that they neither block nor die of a closed pipe. */
export function dropBackground(folder: string): void {
  const file = join(folder, BACKGROUND);
  if (!existsSync(file)) return;
  const reader = new Socket({
    fd: openSync(file, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  reader.on('error', () => reader.destroy());
  reader.once('close', () => rmSync(file, { force: true }));
  reader.resume();
  reader.unref();
}

/** Reads a command's pipe into `spool` until it is finished; what comes later is read and dropped. */
interface Collection {
  /** Takes what is left, and gives the pipe the name `background`, which lets the runner go. */
  finish(background: string): void;
}

/**
 * @returns undefined where there is no pipe: an earlier sandboxd read it to its end and put it away, and was killed before it had recorded
 *   the result; or the agent removed it.
 */
function collect(pipe: string, spool: Spool): Collection | undefined {
  if (!existsSync(pipe)) return undefined;
  const descriptor = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const reader = new Socket({ fd: descriptor, readable: true, writable: false });
  let collecting = true;
  // Later output of background processes is read and dropped, so that they neither block nor die of a closed pipe.
  reader.on('data', (chunk: Buffer) => {
    if (collecting) spool.write(chunk);
  });
  reader.on('error', () => reader.destroy());
  reader.unref();
  return {
    finish(background) {
      // At the end of the stream the descriptor is closed, and its number may belong to another file by now.
      if (!reader.destroyed) drain(descriptor, spool);
      collecting = false;
      retire(pipe, background);
      if (reader.destroyed) rmSync(background, { force: true });
      else reader.once('close', () => rmSync(background, { force: true }));
    },
  };
}

/**
 * Collects from the pipe, and ends the command when told to. How its exit is known, and how its runner is let go, is the
 * caller's.
 */
function watch(
  folder: string,
  { runner, exited, release }: { runner: Runner; exited: Promise<void>; release(): void },
  deps: CommandDeps,
): RunningCommand {
  const spool = openSpool(deps.spoolFile, deps.outputFileBytes);
  const collection = collect(join(folder, 'pipe'), spool);

  const life = { over: false };
  let killing: Promise<void> | undefined;
  /** What the command has started. The runner's own programs are in its session, and nothing else can be. */
  const family = (rows: ProcessRow[]): ProcessRow[] =>
    rows.some((row) => row.pid === runner.pid && row.startTime === runner.startTime)
      ? descendantsOf(rows, [runner.pid]).filter((row) => row.session !== runner.pid)
      : [];
  async function endFamily(): Promise<void> {
    const patience = Date.now() + GRACE_MS;
    for (let isAsked = false; !life.over && Date.now() < patience; await delay(POLL_MS)) {
      if (isAsked) continue;
      const rows = family(listProcesses());
      for (const { pid } of rows) signalQuietly(pid, 'SIGTERM');
      isAsked = rows.length > 0;
    }
    // The shell may be gone by now; what it started goes too, whatever it does with SIGTERM.
    await endProcesses(family);
    // A shell that had not begun.
    while (!life.over) {
      await endProcesses(family);
      await delay(POLL_MS);
    }
  }

  const ended = exited.then(async () => {
    life.over = true;
    await killing;
    collection?.finish(join(folder, BACKGROUND));
    release();
    return readNumberFile(join(folder, 'exit')) ?? null;
  });

  return {
    ended,
    spool,
    runner,
    end(reason) {
      if (life.over) return;
      deps.noteEnding(reason);
      killing ??= endFamily();
    },
  };
}

/** Starts a claimed command. */
export async function startCommand(request: CommandRequest, deps: CommandDeps): Promise<RunningCommand> {
  const { folder } = request;
  writeFileSync(join(folder, 'command'), request.command, { mode: 0o600 });
  await deps.pipes.take(join(folder, 'pipe'));
  // Opened for both directions, so that the pipe has a reader as long as any of the command's processes lives.
  const output = openSync(join(folder, 'pipe'), constants.O_RDWR);
  const words = ['/bin/sh', '-c', RUNNER_SCRIPT, 'runner', folder, request.script, ...request.prefix];
  const [program = '', ...rest] = [...adopterWords(), ...words];
  const runner = spawn(program, rest, {
    cwd: '/',
    detached: true,
    env: request.environment,
    stdio: ['ignore', output, output, 'pipe'],
  });
  runner.unref();
  const control = runner.stdio[3] as Socket;
  control.unref();
  const exited = new Promise<void>((resolve, reject) => {
    control.once('data', () => resolve());
    control.on('error', () => control.destroy());
    runner.once('exit', () => resolve());
    runner.once('error', reject);
  });
  try {
    if (runner.pid === undefined) {
      await exited;
      throw new Error('the runner of the command did not start');
    }
    const startTime = readProcess(runner.pid)?.startTime ?? '';
    return watch(
      folder,
      { runner: { pid: runner.pid, startTime }, exited, release: () => control.end() },
      deps,
    );
  } finally {
    closeSync(output);
  }
}

/** Whether the process is the runner of this record, and not a later process with the same number. */
function isRunnerOf(pid: number, folder: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(folder);
  } catch {
    return false;
  }
}

export type Adoption = { state: 'running'; command: RunningCommand } | { state: 'gone' };

/**
 * Takes a command over that an earlier sandboxd of the same boot claimed. `gone`: its runner never started and now never will, or
 * it was killed.
 */
export async function adoptCommand(folder: string, deps: CommandDeps): Promise<Adoption> {
  const runnerFile = join(folder, 'runner');
  try {
    writeFileSync(runnerFile, '', { flag: 'wx' });
    return { state: 'gone' };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  let pid = readNumberFile(runnerFile);
  for (let attempt = 0; pid === undefined && attempt < 40; attempt++) {
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
    pid = readNumberFile(runnerFile);
  }
  const runner = pid === undefined || !isRunnerOf(pid, folder) ? undefined : readProcess(pid);
  const isExited = readNumberFile(join(folder, 'exit')) !== undefined;
  if (pid === undefined || (runner === undefined && !isExited)) return { state: 'gone' };
  const startTime = runner?.startTime;
  const exited = (async () => {
    const file = join(folder, 'exit');
    // On a full disk the file is made and stays empty.
    for (let empty = 0; empty < EMPTY_LOOKS; empty += existsSync(file) ? 1 : 0) {
      if (readNumberFile(file) !== undefined || readProcess(pid)?.startTime !== startTime) return;
      await delay(POLL_MS);
    }
  })();
  return {
    state: 'running',
    command: watch(folder, { runner: { pid, startTime: startTime ?? '' }, exited, release: () => {} }, deps),
  };
}
