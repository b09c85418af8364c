import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

import { createArchiveCheck, REMOVED } from './archive-check.ts';
import { changesBetween, listKept, SHELL_STATE, type Listing } from './archive-listing.ts';
import type { AsAgent } from './as-agent.ts';

/** Below this, changes are saved as changes however small the rest is. */
const SMALL_BYTES = 1024 * 1024;
const CREATE = [
  '--format=posix',
  '--pax-option=delete=atime,delete=ctime',
  '--no-recursion',
  '--null',
  '--verbatim-files-from',
  '--files-from=-',
  '--numeric-owner',
  '--owner=0',
  '--group=0',
  '--ignore-failed-read',
  '--warning=no-file-changed',
];
const EXTRACT = [
  '--preserve-permissions',
  '--no-same-owner',
  '--delay-directory-restore',
  '--exclude',
  REMOVED,
  '--anchored',
  '--warning=no-timestamp',
];
/** The longest name that programs can open or remove in one step, which is how tar and rm are told of it here (`PATH_MAX` of limits.h). */
const MOST_NAME_BYTES = 4_095;
const MARK = /^[A-Za-z0-9-]{1,64}$/;

export interface ArchiveDeps {
  /** Folder of sandboxd's own. */
  state: string;
  /** The kept folders by their names in archives. */
  folders: Record<string, string>;
  /** Where the shell's state lies. */
  shellFolder: string;
  asAgent: AsAgent;
  prefix: readonly string[];
  environment: Record<string, string>;
  log(message: string): void;
}

export interface ArchiveRequest {
  /** The mark of an archive that was kept: only what changed since then is saved, where that is less than half. */
  since: string | null;
  maxBytes: number;
  maxFiles: number;
}

export type SavedArchive =
  | { state: 'unchanged' }
  | { state: 'too_large'; bytes: number; files: number }
  | {
      state: 'saved';
      mark: string;
      kind: 'full' | 'changes';
      bytes: number;
      files: number;
      content: Readable;
    };

/**
 * Saves what the agent keeps as zstd-compressed tar archives, and puts them back. Everything is read and written by a tar that runs as the
 * agent, so that links, devices and races lead nowhere that the agent's own commands could not go.
 */
export interface Archives {
  save(request: ArchiveRequest): Promise<SavedArchive>;
  /** Puts one archive over what is there. Rejects for one that is damaged, leads out, or unpacks to more than `maxBytes`. */
  restore(content: Readable, maxBytes: number): Promise<void>;
  /** Notes that what is there now is what the archive `mark` holds. */
  note(mark: string): Promise<void>;
}

function totalOf(listing: Iterable<{ bytes: number }>): number {
  let total = 0;
  for (const { bytes } of listing) total += bytes;
  return total;
}

export function createArchives(deps: ArchiveDeps): Archives {
  const folders = Object.keys(deps.folders);
  const roots = join(deps.state, 'roots');
  const marks = join(deps.state, 'archives');
  const listing = { ...deps, roots, folders, shellState: join(deps.shellFolder, 'current') };

  /** Archives name things by their folder's name, wherever that lies here. */
  function makeRoots(): void {
    for (const folder of [roots, marks]) mkdirSync(folder, { recursive: true, mode: 0o711 });
    for (const [name, target] of [
      ...Object.entries(deps.folders),
      [dirname(SHELL_STATE), deps.shellFolder],
    ]) {
      if (!existsSync(join(roots, name ?? ''))) symlinkSync(target ?? '', join(roots, name ?? ''));
    }
  }
  /** Takes what lies too deep out of a listing: it can be neither saved nor put back. */
  function leaveOutDeep(now: Listing): void {
    const deep = [...now.keys()].filter((name) => name.length > MOST_NAME_BYTES);
    for (const name of deep) now.delete(name);
    if (deep.length > 0)
      deps.log(`${deep.length} files are not saved: their paths have more than ${MOST_NAME_BYTES} bytes`);
  }
  function readMark(mark: string | null): Listing | undefined {
    if (mark === null || !MARK.test(mark) || !existsSync(join(marks, mark))) return undefined;
    const rows = readFileSync(join(marks, mark), 'latin1').split('\0');
    const known: Listing = new Map();
    for (let index = 0; index + 1 < rows.length; index += 2) {
      const name = rows[index] ?? '';
      if (name.length <= MOST_NAME_BYTES) known.set(name, { state: rows[index + 1] ?? '', bytes: 0 });
    }
    return known;
  }
  function writeMark(mark: string, now: Listing, keep: string | null): void {
    for (const name of readdirSync(marks)) if (name !== keep) rmSync(join(marks, name), { force: true });
    const text = [...now].map(([name, { state }]) => `${name}\0${state}\0`).join('');
    writeFileSync(join(marks, mark), text, { encoding: 'latin1', mode: 0o600 });
  }

  function runAsAgent(words: string[]): ChildProcessByStdio<Writable, Readable, Readable> {
    // Somebody may be waiting for a command meanwhile.
    const [program = 'nice', ...rest] = [...deps.prefix, 'nice', '-n', '10', ...words];
    return spawn(program, rest, { cwd: roots, env: deps.environment, stdio: ['pipe', 'pipe', 'pipe'] });
  }
  /** Resolves when the program ended well. `tolerated`: exit codes that count as well. */
  async function endOf(
    child: ReturnType<typeof runAsAgent>,
    what: string,
    tolerated: readonly number[] = [],
  ): Promise<void> {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? -1));
    });
    if (code !== 0 && !tolerated.includes(code)) throw new Error(`${what} ended with ${code}: ${said}`);
  }

  let reading: Promise<unknown> = Promise.resolve();
  /** A compressed tar of these names. Files that change or go while they are read are saved as they were found. */
  function pack(names: readonly string[]): Readable {
    const tar = runAsAgent(['tar', '--create', ...CREATE, '--file=-']);
    const ended = endOf(tar, 'tar', [1]);
    tar.stdin.on('error', () => tar.stdin.destroy());
    tar.stdin.end(Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1'));
    const compressed = new PassThrough();
    reading = new Promise((resolve) => compressed.once('close', resolve));
    async function* whole(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      yield* source;
      // A tar that broke off must not look like one that came to its end.
      await ended;
    }
    const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
    pipeline(tar.stdout, whole, createZstdCompress(level), compressed).catch((error: unknown) => {
      tar.kill('SIGKILL');
      ended.catch(() => {});
      deps.log(`an archive was not finished: ${String(error)}`);
      compressed.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    return compressed;
  }

  async function remove(removed: Buffer): Promise<void> {
    // Nothing that lies deeper was put back by an archive before this one.
    const rows = removed.toString('latin1').split('\0').slice(0, -1);
    const names = rows.filter((name) => name.length <= MOST_NAME_BYTES).map((name) => `${name}\0`);
    if (names.length === 0) return;
    const xargs = runAsAgent(['xargs', '-0', 'rm', '-rf', '--']);
    const ended = endOf(xargs, 'rm');
    xargs.stdout.resume();
    xargs.stdin.on('error', () => xargs.stdin.destroy());
    xargs.stdin.end(Buffer.from(names.join(''), 'latin1'));
    await ended;
  }

  function startUnpacking(): { write(chunk: Uint8Array): Promise<void>; end(): Promise<void>; kill(): void } {
    const tar = runAsAgent(['tar', '--extract', ...EXTRACT, '--file=-']);
    tar.stdout.resume();
    const ended = endOf(tar, 'tar');
    ended.catch(() => {});
    tar.stdin.on('error', () => tar.stdin.destroy());
    return {
      async write(chunk) {
        if (tar.stdin.destroyed || !tar.stdin.writable) return ended;
        if (tar.stdin.write(chunk)) return;
        const drained = new Promise<void>((resolve) => tar.stdin.once('drain', resolve));
        await Promise.race([drained, ended]);
      },
      async end() {
        tar.stdin.end();
        await ended;
      },
      kill: () => void tar.kill('SIGKILL'),
    };
  }

  let last: Promise<unknown> = Promise.resolve();
  /** One after the other, each when the last archive has been read: they share files. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = last.then(() => reading).then(work);
    last = turn.catch(() => {});
    return turn;
  }

  return {
    save: async ({ since, maxBytes, maxFiles }) =>
      inTurn(async () => {
        makeRoots();
        const now = await listKept(listing, maxFiles);
        const bytes = totalOf(now.values());
        if (now.size > maxFiles || bytes > maxBytes) return { state: 'too_large', bytes, files: now.size };
        leaveOutDeep(now);
        const files = now.size;
        const before = readMark(since);
        const { changed, removed } = changesBetween(before ?? new Map(), now);
        if (before !== undefined && changed.length + removed.length === 0) return { state: 'unchanged' };
        const mark = randomUUID();
        writeMark(mark, now, since);
        const changedBytes = totalOf(changed.map((name) => now.get(name) ?? { bytes: 0 }));
        if (before === undefined || (changedBytes > SMALL_BYTES && changedBytes * 2 > bytes)) {
          return { state: 'saved', mark, kind: 'full', bytes, files, content: pack([...now.keys()]) };
        }
        const names = removed.map((name) => `${name}\0`).join('');
        writeFileSync(join(roots, REMOVED), names, { encoding: 'latin1', mode: 0o644 });
        return {
          state: 'saved',
          mark,
          kind: 'changes',
          bytes: changedBytes,
          files: changed.length,
          content: pack([REMOVED, ...changed]),
        };
      }),

    restore: async (content, maxBytes) =>
      inTurn(async () => {
        makeRoots();
        const check = createArchiveCheck(folders);
        let unpacking: ReturnType<typeof startUnpacking> | undefined;
        const held: Buffer[] = [];
        let total = 0;
        async function unpack(chunk: Buffer | null): Promise<void> {
          if (chunk === null) await check.end();
          else {
            total += chunk.length;
            if (total > maxBytes) throw new Error(`the archive unpacks to more than ${maxBytes} bytes`);
            await check.feed(chunk);
            held.push(chunk);
          }
          const removed = check.removed();
          if (removed === undefined) return;
          if (unpacking === undefined) {
            await remove(removed);
            unpacking = startUnpacking();
          }
          for (const part of held.splice(0)) await unpacking.write(part);
          if (chunk === null) await unpacking.end();
        }
        try {
          await pipeline(content, createZstdDecompress(), async (source: AsyncIterable<Buffer>) => {
            for await (const chunk of source) await unpack(chunk);
            await unpack(null);
          });
        } catch (error) {
          unpacking?.kill();
          throw error;
        }
      }),

    note: async (mark) =>
      inTurn(async () => {
        if (!MARK.test(mark)) throw new Error(`not a mark: ${JSON.stringify(mark.slice(0, 100))}`);
        makeRoots();
        const now = await listKept(listing, Number.POSITIVE_INFINITY);
        leaveOutDeep(now);
        writeMark(mark, now, null);
      }),
  };
}
