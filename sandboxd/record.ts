import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import type { EndedBy, OperationResult, SandboxOperation } from '../providers/sandbox/operation.ts';

/** What stands in the record of a call from its claim on. */
export interface CallStart {
  operation: SandboxOperation;
  boot: string;
  /** Unix milliseconds. */
  startedAt: number;
}

/** The settled end of a call. */
export type CallEnd = { state: 'finished'; result: OperationResult } | { state: 'lost'; reason: string };

/**
 * Finished records beyond this many, or so large together, are removed, oldest first: a result may hold a picture of many megabytes, and each
 * record takes six files. A record is of use until its result is committed, and of one session as many calls as run at once can be without
 * that: half of these, by default. The host's own claim keeps the ids of all others from starting again.
 */
const KEPT_RECORDS = 128;
/** Of the disk limit of the sandbox, which counts them. */
const SHARE = 8;
const KEPT_BYTES = 1024 * 1024 * 1024;

/**
 * The records of calls, one folder each: `start.json` is written after the folder was made (which is the claim: `mkdir` wins once),
 * `runner` by the process that owns the command, `exit` when the command ended, `end.json` last.
 */
export interface Records {
  folder(id: string): string;
  /** True for the one caller that made the record. */
  claim(id: string, start: CallStart): boolean;
  /** Makes the record as one that never starts. False when there is one already. */
  abandon(id: string, reason: string): boolean;
  exists(id: string): boolean;
  start(id: string): CallStart | undefined;
  end(id: string): CallEnd | undefined;
  finish(id: string, end: CallEnd): void;
  endedBy(id: string): EndedBy | undefined;
  /** Notes why a command is being ended; the first reason stands. */
  noteEnding(id: string, reason: EndedBy): void;
  all(): string[];
  /** Ids of calls that were claimed and have no end. */
  unfinished(): string[];
  prune(): void;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // A file that is missing or cut short by a crash says nothing; anything else is a defect.
    if (
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    ) {
      return undefined;
    }
    throw error;
  }
}

function writeWhole(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Where a sandbox has one user id only, its commands may have removed the folders; the host's claims keep calls from repeating. */
function restoreFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** @param diskBytes - the disk limit of the sandbox; 0: none. */
export function createRecords(calls: string, diskBytes: number): Records {
  const folder = (id: string): string => join(calls, id);
  const most = diskBytes > 0 ? Math.floor(diskBytes / SHARE) : KEPT_BYTES;
  /** Records that have ended do not change any more. */
  let known = new Map<string, { id: string; time: number; bytes: number }>();
  // Where a sandbox has one user id only, its commands may have put other things there.
  const all = (): string[] =>
    readdirSync(calls, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  function look(id: string): { id: string; time: number; bytes: number } | undefined {
    const end = lstatSync(join(folder(id), 'end.json'), { throwIfNoEntry: false });
    if (end === undefined) return undefined;
    const others = ['start.json', 'command'].map(
      (name) => lstatSync(join(folder(id), name), { throwIfNoEntry: false })?.size ?? 0,
    );
    return { id, time: end.mtimeMs, bytes: others.reduce((sum, size) => sum + size, end.size) };
  }
  return {
    folder,
    claim(id, start) {
      restoreFolder(calls);
      if (!makeFolder(folder(id))) return false;
      writeWhole(join(folder(id), 'start.json'), JSON.stringify(start));
      return true;
    },
    abandon(id, reason) {
      restoreFolder(calls);
      if (!makeFolder(folder(id))) return false;
      writeWhole(join(folder(id), 'end.json'), JSON.stringify({ state: 'lost', reason }));
      return true;
    },
    exists: (id) => existsSync(folder(id)),
    start: (id) => readJson(join(folder(id), 'start.json')) as CallStart | undefined,
    end: (id) => readJson(join(folder(id), 'end.json')) as CallEnd | undefined,
    finish(id, end) {
      restoreFolder(folder(id));
      writeWhole(join(folder(id), 'end.json'), JSON.stringify(end));
    },
    endedBy: (id) =>
      (readJson(join(folder(id), 'ended-by.json')) as { endedBy: EndedBy } | undefined)?.endedBy,
    noteEnding(id, endedBy) {
      restoreFolder(folder(id));
      const file = join(folder(id), 'ended-by.json');
      if (!existsSync(file)) writeWhole(file, JSON.stringify({ endedBy }));
    },
    all,
    unfinished: () => all().filter((id) => !existsSync(join(folder(id), 'end.json'))),
    prune() {
      const ids = all();
      const ended = ids.flatMap((id) => known.get(id) ?? look(id) ?? []);
      known = new Map(ended.map((row) => [row.id, row]));
      ended.sort((one, other) => other.time - one.time);
      const kept = KEPT_RECORDS - (ids.length - ended.length);
      let bytes = 0;
      for (const [index, row] of ended.entries()) {
        bytes += row.bytes;
        // The newest has not been fetched yet.
        if (index === 0 || (index < kept && bytes <= most)) continue;
        rmSync(folder(row.id), { recursive: true, force: true });
        known.delete(row.id);
      }
    },
  };
}
