import path from 'node:path';
import type { Config, HostEnvironment } from '../config.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { startPostgres } from '../providers/postgres-server/start-postgres.ts';
import { lockDataFolder } from '../supervisor/data-folder-lock.ts';
import { readRunFile } from '../supervisor/run-file.ts';

/** How a command may be ended before it is done. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Runs an operator's command on the store's PostgreSQL: the configured one, or that of the data folder, which is started for as long as
 * the command takes unless the service runs and so has started it. A signal ends the process, but not before PostgreSQL has ended.
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
  const ended = new AbortController();
  const end = (name: NodeJS.Signals): void => ended.abort(new AppError('unavailable', `Ended by ${name}.`));
  for (const name of SIGNALS) process.on(name, end);
  try {
    const logFile = path.join(dataDir, 'logs', 'postgres.log');
    // Where the service runs, its PostgreSQL is nobody's to end.
    const own = unlock === null ? {} : { signal: ended.signal };
    const server = await startPostgres({ dataDir, logFile, ...host, say, ...own });
    try {
      if (unlock === null && !server.adopted) {
        throw new AppError('bad_config', 'The service is just starting PostgreSQL. Try again in a moment.');
      }
      return await Promise.race([use(server.url), whenAborted(ended.signal)]);
    } finally {
      if (!server.adopted) await server.stop();
    }
  } catch (error) {
    if (error !== ended.signal.reason) throw error;
    say((error as Error).message);
    // What the command has begun would go on, without a database.
    return process.exit(1);
  } finally {
    for (const name of SIGNALS) process.off(name, end);
    unlock?.();
  }
}

/** The same for a command that changes the schema, with the role that may. */
export async function withSchemaOwner<T>(
  config: Config,
  host: HostEnvironment,
  say: (line: string) => void,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const { migrate_url: url } = config.store;
  return url === null ? withStoreUrl(config, host, say, use) : use(url);
}

/** Rejects with the signal's reason. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
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
