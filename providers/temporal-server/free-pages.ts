import { DatabaseSync } from 'node:sqlite';

/** How long the file may be locked by the server that uses it. */
const PATIENCE_MS = 5_000;

/** The server's schema has strings in double quotes, which a copy of it must be allowed to have. */
const open = (file: string): DatabaseSync =>
  new DatabaseSync(file, { timeout: PATIENCE_MS, enableDoubleQuotedStringLiterals: true });

/** Whether a file only ever grows: pages that are free stay in it, to be used again. */
export function keepsFreePages(file: string): boolean {
  const database = open(file);
  try {
    return database.prepare('PRAGMA auto_vacuum').get()?.['auto_vacuum'] !== 1;
  } finally {
    database.close();
  }
}

/** Writes the file anew without its free pages; from then on each transaction that frees pages makes it smaller. */
export function giveBackPages(file: string): void {
  const database = open(file);
  try {
    database.exec('PRAGMA auto_vacuum = FULL; VACUUM');
  } finally {
    database.close();
  }
}

// As a process of its own it can be ended: SQLite itself has no time limit, and what it did not finish leaves no trace.
const [, program, file] = process.argv;
if (program === import.meta.filename && file !== undefined) giveBackPages(file);
