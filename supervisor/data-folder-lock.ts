import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../core/errors.ts';
import { readRunFile } from './run-file.ts';

const SQLITE_BUSY = 5;

/**
 * Takes the data folder for this process: one supervisor, or operator's command, per folder. The lock is one that the kernel keeps (on a
 * small SQLite file, since Node.js gives no file locks), so it is free the moment its holder dies, however it dies. Returns the function
 * that gives it back.
 *
 * @throws `bad_config` naming the process that has it.
 */
export function lockDataFolder(dataDir: string): () => void {
  // As root, others must be able to pass through: PostgreSQL and the sandboxes run under their own accounts.
  mkdirSync(dataDir, { recursive: true, mode: process.geteuid?.() === 0 ? 0o711 : 0o700 });
  const file = new DatabaseSync(path.join(dataDir, 'supervisor.lock'));
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    const holder = readRunFile(dataDir)?.pids.supervisor;
    throw new AppError(
      'bad_config',
      `data_dir: ${dataDir} is in use by another instance${holder === undefined ? '' : ` (pid ${holder})`}. Stop it, or use another folder.`,
      { cause: error },
    );
  }
  return () => file.close();
}
