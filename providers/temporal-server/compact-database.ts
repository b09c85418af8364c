import { execFile } from 'node:child_process';
import { existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { databaseFile } from './database-file.ts';
import { giveBackPages, keepsFreePages } from './free-pages.ts';

/** A file of so many bytes is written anew in a moment, during which the server waits. */
const SMALL_BYTES = 64 * 1024 * 1024;
/** A larger one is written anew before the server starts, for so long at most: 500 MB took 6 s. */
const LONGEST_MS = 60_000;
/** While it is written anew, a file takes this many times its size besides. */
const COPIES = 2.5;

const inMb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/**
 * Has a database file that keeps the pages which it does not need any more give them back from now on, before its server starts. That
 * writes it anew once; a file for which there is neither the time nor the room stays as it is, and `say` gets a sentence.
 */
export async function compactDatabase(
  folder: string,
  {
    say,
    signal,
    longestMs = LONGEST_MS,
  }: { say: (line: string) => void; signal?: AbortSignal | undefined; longestMs?: number },
): Promise<void> {
  const file = databaseFile(folder);
  if (!existsSync(file)) return;
  const { size } = statSync(file);
  try {
    if (!keepsFreePages(file)) return;
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < COPIES * size) throw new Error('the disk has no room to write it anew');
    await writeAnew(file, longestMs, signal);
    say(`Temporal's database was written anew: ${inMb(size)} before, ${inMb(statSync(file).size)} now.`);
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    say(`Temporal's database (${inMb(size)}) keeps its free pages until a later start: ${reason}`);
  }
}

async function writeAnew(file: string, longestMs: number, signal: AbortSignal | undefined): Promise<void> {
  const program = path.join(import.meta.dirname, 'free-pages.ts');
  const words = ['--disable-warning=ExperimentalWarning', program, file];
  // The copy is made beside the file and not where the system's temporary files are, which may be little memory.
  const env = { SQLITE_TMPDIR: path.dirname(file) };
  const late = AbortSignal.timeout(longestMs);
  const given = signal ? AbortSignal.any([signal, late]) : late;
  try {
    await promisify(execFile)(process.execPath, words, { env, signal: given, killSignal: 'SIGKILL' });
  } catch (error) {
    if (late.aborted)
      throw new Error(`to write it anew takes longer than ${longestMs / 1_000} s`, { cause: error });
    throw error;
  }
}

/** The same for the small file that a server has just made, while it runs. */
export function compactNewDatabase(folder: string, say: (line: string) => void): void {
  const file = databaseFile(folder);
  try {
    if (statSync(file).size <= SMALL_BYTES && keepsFreePages(file)) giveBackPages(file);
  } catch (error) {
    say(`Temporal's database keeps its free pages until the next start: ${String(error)}`);
  }
}
