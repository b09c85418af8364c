import path from 'node:path';
import type { Config, HostEnvironment } from '../config.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { startPostgres } from '../providers/postgres-server/start-postgres.ts';
import { lockDataFolder } from '../supervisor/data-folder-lock.ts';
import { readRunFile } from '../supervisor/run-file.ts';

/**
 * Runs an operator's command on the store's PostgreSQL: the configured one, or that of the data folder, which is started for as long as
 * the command takes unless the service runs and so has started it.
 *
 * @param use - gets the URL of the database.
 * @throws `bad_config` where the service holds the data folder and its PostgreSQL does not run.
 */
export async function withStoreUrl<T>(
  config: Config,
  host: HostEnvironment,
  say: (line: string) => void,
  use: (url: string) => Promise<T>,
): Promise<T> {
  if (config.store.url !== null) return use(config.store.direct_url ?? config.store.url);
  const { data_dir: dataDir } = config;
  const unlock = lockUnlessHeld(dataDir);
  try {
    const logFile = path.join(dataDir, 'logs', 'postgres.log');
    const server = await startPostgres({ dataDir, logFile, ...host, say });
    try {
      if (unlock === null && !server.adopted) {
        throw new AppError('bad_config', 'The service is just starting PostgreSQL. Try again in a moment.');
      }
      return await use(server.url);
    } finally {
      if (!server.adopted) await server.stop();
    }
  } finally {
    unlock?.();
  }
}

/**
 * The settings of an operator's command, with the Temporal that it talks to: the configured one, or the one that the running service has
 * started.
 *
 * @throws `bad_config` where the service does not run.
 */
export function withTemporalAddress(config: Config): Config {
  if (config.temporal.address !== null) return config;
  const unlock = lockUnlessHeld(config.data_dir);
  unlock?.();
  const address = unlock === null ? readRunFile(config.data_dir)?.urls.temporal : undefined;
  if (address === undefined) {
    throw new AppError(
      'bad_config',
      'temporal.address: no Temporal is configured, and the one of this data folder runs only with the service. Start it first: npm start',
    );
  }
  return { ...config, temporal: { ...config.temporal, address, managed: true } };
}

/** Null when the service has the folder. */
function lockUnlessHeld(dataDir: string): (() => void) | null {
  try {
    return lockDataFolder(dataDir);
  } catch (error) {
    if (isAppError(error) && error.code === 'bad_config') return null;
    throw error;
  }
}
