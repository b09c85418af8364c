import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { AppError } from '../../../../core/errors.ts';
import type { SandboxLimits } from '../../limits.ts';
import { DISK_FOLDERS, mountWords } from './mount-words.ts';

/**
 * File systems of a size of their own, one per session, each in a sparse file. Whatever a sandbox does, the kernel lets it have no more. It
 * is mounted in a mount namespace that only the sandbox's processes are in, so that it is gone with the last of them: no crash of
 * anything leaves a mount or a loop device behind.
 */
export interface SizedDisks {
  /** Whether this host can: tried once, by mounting one. Never rejects. */
  isUsable(): Promise<boolean>;
  /** Makes the file of a new disk, empty, whole or not at all. */
  create(image: string): Promise<void>;
  /** Waits until the kernel has let go of the disk, which it does a moment after the end of the last process. */
  untilFree(image: string): Promise<void>;
}

const MIB = 1024 * 1024;
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };
/** Between the limit, at which a command is ended and what is over removed, and what the kernel refuses. */
const MARGIN = 1.125;
/** For what sandboxd itself writes, in files and bytes. */
const KEEPER_FILES = 8_192;
const INODE_BYTES = 256;
const JOURNAL_MIB = 8;
/** Of the blocks, only for sandboxd, so that calls can be recorded in a full sandbox. */
const RESERVED_PERCENT = 3;
const FREE_MS = 10_000;
const POLL_MS = 5;

function backingFiles(): string[] {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .flatMap((name) => {
      try {
        return [readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim()];
      } catch {
        // It is not in use.
        return [];
      }
    });
}

export function createSizedDisks(
  base: string,
  limits: Pick<SandboxLimits, 'diskBytes' | 'diskFiles'>,
  log: (message: string, details?: Record<string, string | number>) => void,
): SizedDisks {
  const files = Math.round(limits.diskFiles * MARGIN) + KEEPER_FILES;
  const bytes =
    Math.ceil((limits.diskBytes * MARGIN * (1 + RESERVED_PERCENT / 100) + files * INODE_BYTES) / MIB) * MIB +
    4 * JOURNAL_MIB * MIB;
  const folder = join(base, 'runtime', 'disks');
  const template = join(folder, `ext4-1-${bytes}-${files}`);
  const run = (program: string, words: string[]): Promise<unknown> =>
    promisify(execFile)(program, words, { env: ENVIRONMENT });

  async function makeTemplate(): Promise<void> {
    if (existsSync(template)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const building = `${template}.${process.pid}-${Date.now()}`;
    const skeleton = `${building}-folders`;
    try {
      writeFileSync(building, '', { mode: 0o600 });
      truncateSync(building, bytes);
      const lazily = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard';
      const sizes = ['-m', String(RESERVED_PERCENT), '-N', String(files), '-J', `size=${JOURNAL_MIB}`];
      for (const name of DISK_FOLDERS) mkdirSync(join(skeleton, name), { recursive: true, mode: 0o755 });
      chmodSync(skeleton, 0o700);
      await run('mkfs.ext4', [
        '-q',
        '-d',
        skeleton,
        ...sizes,
        '-I',
        String(INODE_BYTES),
        '-E',
        lazily,
        building,
      ]);
      renameSync(building, template);
    } finally {
      rmSync(building, { force: true });
      rmSync(skeleton, { recursive: true, force: true });
    }
  }

  async function create(image: string): Promise<void> {
    await makeTemplate();
    // Only what is not empty is copied: a megabyte or so.
    await run('cp', ['--sparse=always', '--reflink=auto', '--', template, `${image}.new`]);
    renameSync(`${image}.new`, image);
  }

  async function tryOne(): Promise<boolean> {
    const trial = join(folder, `trial-${process.pid}-${Date.now()}`);
    try {
      mkdirSync(trial, { recursive: true, mode: 0o700 });
      await create(join(trial, 'disk'));
      mkdirSync(join(trial, 'files'));
      const [program = '', ...words] = mountWords(
        { image: join(trial, 'disk'), files: join(trial, 'files') },
        0,
      );
      await run(program, [...words, 'true']);
      return true;
    } catch (error) {
      log('sandboxes have no file system of a size of their own here; a watch bounds what they write', {
        error: String(error).slice(0, 500),
      });
      return false;
    } finally {
      rmSync(trial, { recursive: true, force: true });
    }
  }

  let usable: Promise<boolean> | undefined;
  return {
    isUsable: () => (usable ??= tryOne()),
    create,
    async untilFree(image) {
      for (let waited = 0; waited < FREE_MS; waited += POLL_MS) {
        if (!backingFiles().includes(image)) return;
        await delay(POLL_MS);
      }
      throw new AppError(
        'sandbox_unavailable',
        `The disk ${image} of a sandbox that was ended is still in use.`,
      );
    },
  };
}
