import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '../core/errors.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../providers/host/process-identity.ts';

/**
 * Takes the data folder for this process: one supervisor per folder. A lock whose holder is dead is taken over. Returns the function
 * that gives it back.
 *
 * @throws `bad_config` naming the process that has it.
 */
export function lockDataFolder(dataDir: string): () => void {
  const file = path.join(dataDir, 'supervisor.lock');
  const own = identifyProcess(process.pid) ?? { pid: process.pid, started: '' };
  const mine = `${file}.${process.pid}`;
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(mine, JSON.stringify(own));
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        // A link is made whole or not at all, so that nobody reads half a lock.
        linkSync(mine, file);
        return () => rmSync(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readHolder(file);
      if (holder && isAlive(holder)) {
        throw new AppError(
          'bad_config',
          `data_dir: ${dataDir} is in use by another instance (pid ${holder.pid}). Stop it, or use another folder.`,
        );
      }
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
  throw new AppError('bad_config', `data_dir: the lock of ${dataDir} cannot be taken.`);
}

function readHolder(file: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return null;
  }
}
