import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
  constants,
} from 'node:fs';
import { join } from 'node:path';

import type { OperationResult, ProcessAction } from '../providers/sandbox/operation.ts';
import { cleanText, decode, trimPartialEnd, trimPartialStart } from './clean-text.ts';
import { adopterWords } from './family/adopter.ts';
import { descendantsOf } from './family/descendants.ts';
import { endProcesses } from './family/end-processes.ts';
import type { Pipes } from './pipes.ts';
import { readNumberFile } from './number-file.ts';
import { listProcesses, signalQuietly, type ProcessRow } from './processes.ts';

/** What is kept of a process's output; what it writes beyond is dropped. */
const OUTPUT_BYTES = 16 * 1024 * 1024;
/** Records of ended processes, with their output, beyond this many are removed, oldest first. */
const KEPT_ENDED = 32;
/** One read returns at most this much. */
const READ_BYTES = 64 * 1024;

/** Owns the process: its input is a pipe that anybody may write to later, its output a file. */
const SCRIPT = `folder=$1; script=$2; limit=$3; shift 3
exec 0<>"$folder/in" 2>/dev/null
echo $$ >"$folder/runner"
{ (exec setsid "$@" /bin/bash --noprofile --norc -c "$script" bash 3<"$folder/command" 2>&1); echo $? >"$folder/exit"; } |
  { stdbuf -o0 head -c "$limit" >"$folder/out"; exec cat >/dev/null; }
`;

export interface BackgroundDeps {
  /** Folder of the records of processes, sandboxd's own. */
  folder: string;
  boot: string;
  pipes: Pipes;
  prefix: readonly string[];
  environment: Record<string, string>;
  /** The script that runs the command on descriptor 3. */
  scriptOf(id: string): string;
}

interface Note {
  command: string;
  boot: string;
  startedAt: number;
}

/** Long-running processes that outlive their call: servers, watchers, programs that are talked to. */
export interface Background {
  perform(action: ProcessAction): Promise<OperationResult>;
}

const done = (text: string): OperationResult => ({ text, isError: false });
const failed = (text: string): OperationResult => ({ text, isError: true });

export function createBackground(deps: BackgroundDeps): Background {
  const folderOf = (id: string): string => join(deps.folder, id);
  const numberIn = (id: string, name: string): number | undefined => readNumberFile(join(folderOf(id), name));
  const noteOf = (id: string): Note | undefined => {
    const file = join(folderOf(id), 'note.json');
    return /^p\d+$/.test(id) && existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Note)
      : undefined;
  };

  const numbers = (): number[] =>
    readdirSync(deps.folder)
      .flatMap((name) => (/^p\d+$/.test(name) ? [Number(name.slice(1))] : []))
      .sort((one, other) => one - other);

  function makeFolder(): string {
    mkdirSync(deps.folder, { recursive: true, mode: 0o700 });
    // No name is given twice, also when its record is gone.
    for (let number = (numbers().at(-1) ?? 0) + 1; ; number++) {
      try {
        mkdirSync(folderOf(`p${number}`), { mode: 0o700 });
        return `p${number}`;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
    }
  }

  function prune(): void {
    const ended = numbers()
      .map((number) => `p${number}`)
      .filter((id) => sessionOf(id) === undefined);
    for (const id of ended.slice(0, Math.max(0, ended.length - KEPT_ENDED)))
      rmSync(folderOf(id), { recursive: true, force: true });
  }

  /** The runner of a process, if it lives, with all that the process started; the runner's own programs are in its session. */
  function familyOf(
    id: string,
    rows = listProcesses(),
  ): { runner: number; family: ProcessRow[] } | undefined {
    const note = noteOf(id);
    const runner = numberIn(id, 'runner');
    if (note?.boot !== deps.boot || runner === undefined || !rows.some((row) => row.pid === runner))
      return undefined;
    return { runner, family: descendantsOf(rows, [runner]).filter((row) => row.session !== runner) };
  }

  /** The process session of a running one: its shell is the child of one of the runner's own programs. */
  function sessionOf(id: string): number | undefined {
    const rows = listProcesses();
    const found = familyOf(id, rows);
    if (found === undefined) return undefined;
    const own = new Set(
      rows.filter((row) => row.session === found.runner && row.pid !== found.runner).map((row) => row.pid),
    );
    return found.family.find((row) => row.session === row.pid && own.has(row.parent))?.pid;
  }

  async function kill(id: string, note: Note, signal: NodeJS.Signals): Promise<OperationResult> {
    const family = familyOf(id)?.family ?? [];
    if (family.length === 0) return done(`process ${id} ${stateOf(id, note)} already`);
    if (signal === 'SIGKILL') await endProcesses((rows) => familyOf(id, rows)?.family ?? []);
    else for (const { pid } of family) signalQuietly(pid, signal);
    return done(`sent ${signal} to process ${id}`);
  }

  function stateOf(id: string, note: Note): string {
    const code = numberIn(id, 'exit');
    if (code !== undefined) return `exited with ${code}`;
    if (note.boot !== deps.boot) return 'ended when the sandbox stopped';
    return sessionOf(id) === undefined ? 'ended' : 'running';
  }

  async function start(command: string): Promise<OperationResult> {
    const id = makeFolder();
    const folder = folderOf(id);
    writeFileSync(join(folder, 'command'), command, { mode: 0o600 });
    writeFileSync(
      join(folder, 'note.json'),
      JSON.stringify({ command, boot: deps.boot, startedAt: Date.now() } satisfies Note),
    );
    await deps.pipes.take(join(folder, 'in'));
    const [program = '', ...words] = [
      ...adopterWords(),
      '/bin/sh',
      '-c',
      SCRIPT,
      'background',
      folder,
      deps.scriptOf(id),
      String(OUTPUT_BYTES),
      ...deps.prefix,
    ];
    const runner = spawn(program, words, {
      cwd: '/',
      detached: true,
      env: deps.environment,
      stdio: 'ignore',
    });
    runner.unref();
    prune();
    return done(`Started process ${id}. Read what it writes with process_read.`);
  }

  function list(): OperationResult {
    const ids = existsSync(deps.folder) ? readdirSync(deps.folder) : [];
    const rows = ids.flatMap((id) => {
      const note = noteOf(id);
      return note === undefined
        ? []
        : [
            `${id}  ${stateOf(id, note)}  since ${new Date(note.startedAt).toISOString()}  ${note.command.split('\n')[0]?.slice(0, 200)}`,
          ];
    });
    return done(rows.length === 0 ? 'There are no processes.' : rows.join('\n'));
  }

  function read(id: string, note: Note, offset: number | null): OperationResult {
    const file = join(folderOf(id), 'out');
    const size = existsSync(file) ? statSync(file).size : 0;
    const start = offset === null ? Math.max(0, size - READ_BYTES) : Math.min(Math.max(0, offset), size);
    const buffer = Buffer.alloc(Math.min(READ_BYTES, size - start));
    if (buffer.length > 0) {
      const descriptor = openSync(file, 'r');
      readSync(descriptor, buffer, 0, buffer.length, start);
      closeSync(descriptor);
    }
    const text = cleanText(decode(trimPartialEnd(start === 0 ? buffer : trimPartialStart(buffer))));
    const end = start + buffer.length;
    const full = size < OUTPUT_BYTES ? '' : '; its output is kept no further';
    return done(
      `[process ${id} ${stateOf(id, note)}; bytes ${start} to ${end} of ${size}; go on with offset ${end}${full}]\n${text}`,
    );
  }

  function write(id: string, input: string): OperationResult {
    if (sessionOf(id) === undefined) return failed(`process ${id} does not run`);
    const descriptor = openSync(join(folderOf(id), 'in'), constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      const written = writeSync(descriptor, Buffer.from(input));
      return done(`wrote ${written} bytes to process ${id}`);
    } catch {
      return failed(`process ${id} does not read its input`);
    } finally {
      closeSync(descriptor);
    }
  }

  return {
    async perform(action) {
      if (action.do === 'start') return start(action.command);
      if (action.do === 'list') return list();
      const note = noteOf(action.id);
      if (note === undefined) return failed(`there is no process ${JSON.stringify(action.id)}`);
      switch (action.do) {
        case 'read':
          return read(action.id, note, action.offset);
        case 'write':
          return write(action.id, action.input);
        case 'kill':
          return kill(action.id, note, action.signal);
      }
    },
  };
}
