import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endProcess } from '../providers/host/end-process.ts';
import { isAlive, type ProcessIdentity } from '../providers/host/process-identity.ts';
import { spawnDetached } from '../providers/host/spawn-detached.ts';
import type { Part, RunningPart } from './part.ts';

export interface EntryPartOptions {
  name: 'api' | 'worker';
  /** Program and arguments. */
  command: [string, ...string[]];
  /** Where it runs. */
  folder: string;
  dataDir: string;
  say: (line: string) => void;
  /** Variables of the machine, passed on. */
  inherited: Record<string, string | undefined>;
  /** Settings that the supervisor decides, as environment variables; asked again at each start. */
  settings: () => Record<string, string>;
  /** Whether a process that was left by another supervisor works. */
  healthy: (process: ProcessIdentity) => Promise<boolean>;
  /** How long it may take to end by itself. */
  drainMs: number;
}

/** What is written down about a started process, for a supervisor that comes after this one. */
interface Note {
  process: ProcessIdentity;
  /** Hash of command and settings: a process that was started with others is replaced. */
  version: string;
}

/** The api or a worker: a process of this checkout, started detached with its log in a file, adopted when it is still the same. */
export function entryPart(options: EntryPartOptions): Part {
  const { name, command, dataDir } = options;
  const noteFile = path.join(dataDir, 'run', `${name}.json`);
  const logFile = path.join(dataDir, 'logs', `${name}.log`);

  const running = (process: ProcessIdentity, adopted: boolean): RunningPart => ({
    process,
    adopted,
    logFile,
    stop: () => endProcess(process, [{ signal: 'SIGTERM', waitMs: options.drainMs }]),
  });

  return {
    name,
    async endLeft() {
      const note = readNote(noteFile);
      if (note) await running(note.process, true).stop();
    },
    async start() {
      const settings = options.settings();
      const version = createHash('sha256')
        .update(JSON.stringify([command, settings]))
        .digest('hex');
      const note = readNote(noteFile);
      if (note && isAlive(note.process)) {
        const works = await options.healthy(note.process);
        if (works && note.version === version) return running(note.process, true);
        options.say(
          `The ${name} left by another run (pid ${note.process.pid}) ${works ? 'has other settings' : 'does not work'}; it is replaced.`,
        );
        await (works ? running(note.process, true).stop() : endProcess(note.process, []));
      }
      const [program, ...args] = command;
      const child = await spawnDetached({
        command: program,
        args,
        environment: { ...options.inherited, ...settings },
        folder: options.folder,
        logFile,
      });
      const identity = { pid: child.pid, started: child.started };
      try {
        mkdirSync(path.dirname(noteFile), { recursive: true });
        writeFileSync(`${noteFile}.new`, JSON.stringify({ process: identity, version } satisfies Note));
        renameSync(`${noteFile}.new`, noteFile);
      } catch (error) {
        // Nobody would know of it: on a full disk each try to start the part would leave one more process behind.
        await endProcess(identity, []);
        throw error;
      }
      return running(identity, false);
    },
  };
}

function readNote(file: string): Note | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Note;
  } catch {
    return null;
  }
}
