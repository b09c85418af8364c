import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const FILES = ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'];
const VERSION = 'server-version';
/** Begins the names of folders with files that could not be used. */
const ASIDE = 'set-aside-';
const DAY_MS = 24 * 3_600_000;

/** SQLite's codes for a missing table, a malformed file, and one that is no database. */
const DAMAGE = new Set([1, 11, 26]);

/** The server's SQLite file in its folder. */
export function databaseFile(folder: string): string {
  return path.join(folder, 'temporal.db');
}

/**
 * Moves the database file away when this server cannot go on with it. The dev server makes the schema of a new file and never changes
 * that of an old one; a file of another version, one whose first start was cut off, or a damaged one would fail in ways nobody
 * foresees. Nothing is lost by it: sessions go on from the journal. `say` gets a sentence when it happens.
 */
export function setAsideUnusableDatabase(
  folder: string,
  serverVersion: string,
  say: (line: string) => void,
): void {
  if (!existsSync(databaseFile(folder))) return;
  const reason = whyUnusable(folder, serverVersion);
  if (reason === null) return;
  const aside = path.join(folder, `${ASIDE}${new Date().toISOString().replace(/[:.]/g, '-')}`);
  mkdirSync(aside);
  for (const name of [...FILES, VERSION]) {
    if (existsSync(path.join(folder, name))) renameSync(path.join(folder, name), path.join(aside, name));
  }
  say(
    `Temporal's database ${reason}; it was moved to ${aside} and a new one is made. ` +
      'Sessions go on from the journal; finished runs of before are no longer in the Temporal UI.',
  );
}

/** Removes what was set aside so many days ago: nothing needs it, and by then nobody looks for a run of it. */
export function removeOldDatabases(folder: string, days: number, now = Date.now()): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(ASIDE)) continue;
    const aside = path.join(folder, name);
    if (now - statSync(aside).mtimeMs > days * DAY_MS) rmSync(aside, { recursive: true, force: true });
  }
}

/** Of each task queue, where a server was not told another number. */
const USUAL_PARTITIONS = 4;

/**
 * How many partitions of each task queue must be read so that no task is forgotten: one, unless a server that used several left tasks in
 * others. Those wait in the database for a worker to ask for them.
 */
export function partitionsInUse(folder: string): number {
  if (!existsSync(databaseFile(folder))) return 1;
  const database = new DatabaseSync(databaseFile(folder));
  try {
    // Partitions but the first have names such as /_sys/the-queue/3.
    const waiting = database.prepare(
      `SELECT EXISTS (SELECT 1 FROM tasks WHERE instr(task_queue_id, CAST('/_sys/' AS BLOB)) > 0)
        OR EXISTS (SELECT 1 FROM tasks_v2 WHERE instr(task_queue_id, CAST('/_sys/' AS BLOB)) > 0) AS waiting`,
    );
    return waiting.get()?.['waiting'] === 0 ? 1 : USUAL_PARTITIONS;
  } catch {
    // A file that cannot be read is set aside, or the server says what is wrong with it.
    return USUAL_PARTITIONS;
  } finally {
    database.close();
  }
}

/** Notes that a server of this version has made, or read, the database file. Called once the server is ready. */
export function noteDatabaseVersion(folder: string, serverVersion: string): void {
  writeFileSync(path.join(folder, VERSION), `${serverVersion}\n`);
}

function whyUnusable(folder: string, serverVersion: string): string | null {
  const note = path.join(folder, VERSION);
  if (!existsSync(note)) return 'was left incomplete by a first start that was cut off';
  const written = readFileSync(note, 'utf8').trim();
  if (written !== serverVersion) return `was written by server ${written}, and this one is ${serverVersion}`;
  const database = new DatabaseSync(databaseFile(folder));
  try {
    database.prepare('SELECT count(*) FROM namespaces').get();
    return null;
  } catch (error) {
    // Anything else, such as a lock or a full disk, says nothing about the file.
    if (!DAMAGE.has((error as { errcode?: number }).errcode ?? 0)) throw error;
    return `is damaged (${(error as Error).message})`;
  } finally {
    database.close();
  }
}
