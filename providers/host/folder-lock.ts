import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';

const SQLITE_BUSY = 5;
/** Others hold the file for milliseconds while they look who has it. */
const TRIES = 20;
const PAUSE_MS = 50;

/** Who has a folder, as far as its file says. */
export interface FolderUser {
  /** See `processPlace`. */
  place: string;
  /** For people: the host name and the process id there. */
  name: string;
}

export type FolderLock =
  | { isOurs: true; release(): void }
  /** A living process of another place has it; null: which one cannot be read. */
  | { isOurs: false; user: FolderUser | null };

/**
 * Takes a folder for all processes of one place, against those of every other place on this kernel, such as another container that has
 * the folder as a shared volume. The lock is the kernel's, on a small SQLite file (see docs/decisions/data-folder-lock.md): each process
 * holds a part of it that others may hold beside it, and only who holds it alone may write another place into the file. So it is free
 * the moment the last of its holders dies, however that dies.
 */
export async function lockFolder(folder: string, us: FolderUser): Promise<FolderLock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = openLock(folder);
  let user: FolderUser | null = null;
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      user = begin(file);
      // The open transaction is the lock.
      if (user?.place === us.place) return { isOurs: true, release: () => file.close() };
      file.exec('ROLLBACK');
      file.exec('BEGIN EXCLUSIVE');
      file.exec('CREATE TABLE IF NOT EXISTS user (place TEXT NOT NULL, name TEXT NOT NULL)');
      file.exec('DELETE FROM user');
      file.prepare('INSERT INTO user VALUES (?, ?)').run(us.place, us.name);
      file.exec('COMMIT');
      continue;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) {
        file.close();
        throw unlockable(folder, error);
      }
      if (file.isTransaction) file.exec('ROLLBACK');
    }
    await delay(PAUSE_MS);
  }
  file.close();
  return { isOurs: false, user };
}

function openLock(folder: string): DatabaseSync {
  try {
    return new DatabaseSync(path.join(folder, 'user.lock'));
  } catch (error) {
    throw unlockable(folder, error);
  }
}

function unlockable(folder: string, cause: unknown): AppError {
  return new AppError(
    'bad_config',
    `${path.join(folder, 'user.lock')} cannot be locked (${cause instanceof Error ? cause.message : String(cause)}). The folder must be on a file system that keeps locks, and this process must be able to write there.`,
    { cause },
  );
}

/** Who is written in a folder's file; null when nobody is. That process need not live any more. */
export function lastUserOf(folder: string): FolderUser | null {
  try {
    const file = new DatabaseSync(path.join(folder, 'user.lock'), { readOnly: true });
    try {
      return begin(file);
    } finally {
      file.close();
    }
  } catch {
    // There is no such file, or somebody is just writing it.
    return null;
  }
}

/** Opens a transaction that reads, and so keeps others from writing. */
function begin(file: DatabaseSync): FolderUser | null {
  file.exec('BEGIN');
  const { found } = file.prepare("SELECT count(*) AS found FROM sqlite_schema WHERE name = 'user'").get() as {
    found: number;
  };
  if (found === 0) return null;
  const row = file.prepare('SELECT place, name FROM user').get();
  return row === undefined ? null : { place: String(row['place']), name: String(row['name']) };
}
