import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { compareEncryptionKeys } from '../providers/store/postgres/encryption-keys.ts';
import { keyRing } from './key-ring.ts';

/** What a key costs that is not there. */
export function keyIsMissing(id: string): string {
  return `The encryption key ${JSON.stringify(id)} is not in encryption.keys, and what it encrypted cannot be read. Put it back, behind the others.`;
}

/**
 * Another key under a known id would encrypt what the right one cannot read, and the other way round, so a start with one is refused with
 * `bad_config`. A key that is missing is said in the log: what needs it waits until it is back, and an old one may have served its time.
 */
export async function checkEncryptionKeys(config: Config, database: Database, log: Logger): Promise<void> {
  const ring = keyRing(config);
  const keys = config.encryption.keys.map(({ id }) => ({ id, proof: ring.proofOf(id) }));
  const { changed, missing } = await compareEncryptionKeys(database, keys);
  const [first] = changed;
  if (first !== undefined) {
    throw new AppError(
      'bad_config',
      `encryption.keys: the key ${JSON.stringify(first)} is another one than stored data was encrypted with. Put the right one back; a new key needs an id of its own.`,
    );
  }
  if (missing.length === 0) return;
  log[keys.length === 0 ? 'error' : 'warn'](
    { keys: missing },
    keys.length === 0
      ? 'encryption.keys is empty, and data was encrypted before: it cannot be read, and what comes now is stored as it is'
      : 'encryption.keys lacks keys that were used before; what they encrypted cannot be read',
  );
}
