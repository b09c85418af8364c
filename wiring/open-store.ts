import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { createRowCipher } from '../providers/encryption/row-cipher.ts';
import { openDatabase, type Database } from '../providers/store/postgres/database.ts';
import { migrate } from '../providers/store/postgres/migrate.ts';
import { keyRing } from './key-ring.ts';

const RETRY_MS = 500;

/** The URLs of the store: for statements, and for locks and LISTEN, which no transaction pooler may carry. */
export function storeUrls(config: Config): { url: string; directUrl: string } {
  const { url, direct_url: direct } = config.store;
  if (url === null) {
    throw new AppError(
      'bad_config',
      'store.url: expected the URL of a PostgreSQL; only npm start runs one itself.',
    );
  }
  return { url, directUrl: direct ?? url };
}

/** Opens the store as it is. Nothing is connected before the first use. */
export function connectStore(config: Config): Database {
  return openDatabase({
    url: storeUrls(config).url,
    maximum: config.store.pool_size,
    statementTimeoutMs: config.store.statement_timeout_seconds * 1_000,
    cipher: createRowCipher(keyRing(config)),
  });
}

/** Opens the store and brings its schema up to date. Waits until PostgreSQL answers, or `signal` aborts. */
export async function openStore(config: Config, log: Logger, signal: AbortSignal): Promise<Database> {
  const database = connectStore(config);
  for (;;) {
    try {
      const applied = await migrate(database);
      if (applied.length > 0) log.info({ migrations: applied }, 'the schema was brought up to date');
      return database;
    } catch (error) {
      if (!isAppError(error) || error.code !== 'unavailable') throw error;
      signal.throwIfAborted();
      log.warn({ err: error }, 'waiting for PostgreSQL');
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}
