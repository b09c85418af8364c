import { loadConfig, readHostEnvironment } from '../config.ts';
import { AppError } from '../core/errors.ts';
import type { AuditLog } from '../providers/store/audit-log.ts';
import { createPostgresAuditLog } from '../providers/store/postgres/audit-log.ts';
import { withStoreUrl } from '../wiring/command-store.ts';
import { connectStore } from '../wiring/open-store.ts';

/** PostgreSQL's code for a table that is not there. */
const UNDEFINED_TABLE = '42P01';

/**
 * Opens the audit log for a command that reads it. Nothing of the database is changed, so it may be a replica, one of another version, or
 * one whose role may do no more than read.
 *
 * @param file - the settings; left out: the usual ones.
 * @param say - told what is done on the way.
 */
export async function withAuditLog<T>(
  file: string | undefined,
  say: (line: string) => void,
  use: (log: AuditLog) => Promise<T>,
): Promise<T> {
  const config = loadConfig({ ...(file === undefined ? {} : { file }), part: 'command' });
  return withStoreUrl(config, readHostEnvironment(), say, async (url) => {
    const database = connectStore({ ...config, store: { ...config.store, url, direct_url: null } });
    try {
      return await use(createPostgresAuditLog(database));
    } catch (error) {
      if (typeof error !== 'object' || error === null || !('code' in error)) throw error;
      if (error.code !== UNDEFINED_TABLE) throw error;
      throw new AppError('bad_config', 'The database has no audit log: no service has used it yet.', {
        cause: error,
      });
    } finally {
      await database.close();
    }
  });
}
