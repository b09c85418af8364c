import { execFile } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  createReadStream,
  createWriteStream,
  fchmodSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

import type { AsAgent } from './as-agent.ts';
import { openRegularFile } from './files/open.ts';

/** More files than this are not listed; the listing says so. */
const LISTED_FILES = 10_000;

export interface ListedFile {
  /** Below the listed folder. */
  path: string;
  bytes: number;
  modifiedMs: number;
}

export interface TransferDeps {
  /** The folder of the user's files, where they are placed from here. */
  uploads: string | null;
  asAgent: AsAgent;
  prefix: readonly string[];
  environment: Record<string, string>;
}

/** Bytes in and out of the sandbox, with the agent's rights; paths are absolute. */
export interface Transfer {
  /** Every regular file below a folder, links not followed. */
  list(folder: string): Promise<{ files: ListedFile[]; more: boolean }>;
  /** Opens a regular file. Throws what the system says. */
  open(path: string): { bytes: number; content: Readable };
  /** Writes a file as a whole; nothing of it is seen before the end. */
  write(path: string, mode: number, content: Readable): Promise<void>;
  /** The same for a file that is in memory, in one go. */
  writeSmall(path: string, mode: number, content: Uint8Array): void;
  remove(path: string): void;
  /** Writes a file of the user below the uploads folder, which sandboxd owns, for the agent to read. */
  place(relative: string, content: Readable): Promise<void>;
  /** Removes such a file. */
  displace(relative: string): void;
}

function uploadPath(uploads: string | null, relative: string): string {
  if (uploads === null) throw new Error('the files of the user are placed by the host');
  const isWithin =
    relative !== '' && normalize(relative) === relative && !/^(?:\/|\.\.(?:\/|$))|\0/.test(relative);
  if (!isWithin) throw new Error(`not a path below the uploads folder: ${relative}`);
  return join(uploads, relative);
}

export function createTransfer(deps: TransferDeps): Transfer {
  const { asAgent } = deps;
  return {
    async list(folder) {
      const words = [...deps.prefix, 'find', folder, '-xdev', '-type', 'f', '-printf', '%s %T@ %P\\0'];
      const [program = 'find', ...rest] = words;
      const { stdout } = await promisify(execFile)(program, rest, {
        cwd: '/',
        env: deps.environment,
        maxBuffer: 64 * 1024 * 1024,
        timeout: 60_000,
      }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
      const rows = stdout.split('\0').filter((row) => row !== '');
      const files = rows.slice(0, LISTED_FILES).map((row): ListedFile => {
        const [bytes = '', modified = '', ...path] = row.split(' ');
        return {
          path: path.join(' '),
          bytes: Number(bytes),
          modifiedMs: Math.floor(Number(modified) * 1_000),
        };
      });
      return { files, more: rows.length > LISTED_FILES };
    },
    open(path) {
      const { descriptor, stats } = asAgent(() => openRegularFile(path, path));
      // What is announced is what is sent, although the file may grow meanwhile.
      if (stats.size === 0) {
        closeSync(descriptor);
        return { bytes: 0, content: createReadStream('/dev/null') };
      }
      return { bytes: stats.size, content: createReadStream('', { fd: descriptor, end: stats.size - 1 }) };
    },
    async write(path, mode, content) {
      const { descriptor, temporary, target } = asAgent(() => {
        mkdirSync(dirname(path), { recursive: true });
        const folder = realpathSync(dirname(path));
        const name = join(folder, `.${basename(path).slice(0, 100)}.${process.pid}-${Date.now()}.tmp`);
        return {
          descriptor: openSync(name, 'wx', 0o600),
          temporary: name,
          target: join(folder, basename(path)),
        };
      });
      try {
        const sink = createWriteStream('', { fd: descriptor, autoClose: false });
        await pipeline(content, sink);
        asAgent(() => {
          fchmodSync(descriptor, mode);
          renameSync(temporary, target);
        });
      } catch (error) {
        asAgent(() => rmSync(temporary, { force: true }));
        throw error;
      } finally {
        closeSync(descriptor);
      }
    },
    async place(relative, content) {
      const target = uploadPath(deps.uploads, relative);
      mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
      const temporary = `${target}.new-${process.pid}-${Date.now()}`;
      try {
        await pipeline(content, createWriteStream(temporary, { mode: 0o644, flags: 'wx' }));
        renameSync(temporary, target);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    },
    displace(relative) {
      rmSync(uploadPath(deps.uploads, relative), { force: true });
    },
    writeSmall(path, mode, content) {
      asAgent(() => {
        mkdirSync(dirname(path), { recursive: true });
        const folder = realpathSync(dirname(path));
        const temporary = join(folder, `.${basename(path).slice(0, 100)}.${process.pid}-${Date.now()}.tmp`);
        try {
          writeFileSync(temporary, content, { flag: 'wx', mode: 0o600 });
          chmodSync(temporary, mode);
          renameSync(temporary, join(folder, basename(path)));
        } catch (error) {
          rmSync(temporary, { force: true });
          throw error;
        }
      });
    },
    remove(path) {
      asAgent(() => rmSync(path, { force: true }));
    },
  };
}
