import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { AppError, isStoreAway } from '../core/errors.ts';
import { createRowCipher } from '../providers/encryption/row-cipher.ts';
import { applicationNameOf } from '../providers/postgres-client/direct-connection.ts';
import { openDatabase, type Database, type DatabaseEvents } from '../providers/store/postgres/database.ts';
import { refusesLogin, refusesTls } from '../providers/store/postgres/failures.ts';
import { prepareSchema, tablesWithoutRights } from '../providers/store/postgres/migrate.ts';
import { checkEncryptionKeys } from './check-encryption-keys.ts';
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

/**
 * Opens the store as it is. Nothing is connected before the first use.
 *
 * @param process - a name of this process that no other has, by which its sessions can be told in PostgreSQL.
 */
export function connectStore(config: Config, log?: Logger, process?: string): Database {
  return openDatabase({
    url: storeUrls(config).url,
    maximum: config.store.pool_size,
    statementTimeoutMs: config.store.statement_timeout_seconds * 1_000,
    answerTimeoutMs: config.store.answer_timeout_seconds * 1_000,
    cipher: createRowCipher(keyRing(config)),
    ...(process === undefined ? {} : { applicationName: applicationNameOf(process) }),
    ...(log === undefined ? {} : { events: reachability(log) }),
  });
}

function reachability(log: Logger): DatabaseEvents {
  return {
    onLost: (error) =>
      log.error({ err: error }, 'PostgreSQL cannot be reached; what needs it is tried again'),
    onRegained: (lostMs) =>
      log.info({ lost_seconds: Math.round(lostMs / 100) / 10 }, 'PostgreSQL answers again'),
  };
}

/**
 * Opens the store and gets its schema ready, or refuses one that is not, as `store.migrate` says; refuses keys that are not those of the
 * stored data. Waits until PostgreSQL answers, or `signal` aborts.
 */
export async function openStore(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  process?: string,
): Promise<Database> {
  const database = connectStore(config, log, process);
  for (;;) {
    try {
      const { applied, newer } = await prepareSchema(database, config.store.migrate);
      if (applied.length > 0) log.info({ migrations: applied }, 'the schema was brought up to date');
      if (newer.length > 0) {
        log.warn(
          { migrations: newer },
          'the schema is of a newer version than this process, which goes on with it',
        );
      }
      const tables = await tablesWithoutRights(database);
      if (tables.length > 0) {
        log.error(
          { tables },
          "the store's role lacks rights on tables that the service needs; GRANT them to it",
        );
      }
      await checkEncryptionKeys(config, database, log);
      return database;
    } catch (error) {
      if (!isStoreAway(error)) throw error;
      const { cause } = error as Error;
      if (refusesLogin(cause) || refusesTls(cause)) {
        const why = (cause as Error).message;
        throw new AppError('bad_config', `store.url: no session with PostgreSQL comes about: ${why}`, {
          cause,
        });
      }
      signal.throwIfAborted();
      log.warn({ err: error }, 'waiting for PostgreSQL');
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}
