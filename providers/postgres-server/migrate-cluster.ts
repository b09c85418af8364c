import { renameSync, rmSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { reachableFolder } from '../host/reachable-folder.ts';
import { removeSocketFolder, socketFolder } from '../host/socket-folder.ts';
import { unprivilegedUser } from '../host/system-user.ts';
import { packagedPostgres, runnableBy, type PostgresBinaries } from './binaries.ts';
import { copyDatabase } from './copy-database.ts';
import { ADMIN_ROLE, SERVICE_ROLE, clusterCredentials, socketUrl } from './credentials.ts';
import { initialiseCluster } from './initialise-cluster.ts';
import { clearAfterCrash, endPostmaster, findPostmaster, majorOf } from './postmaster.ts';
import { provision } from './provision.ts';
import { runServer } from './run-server.ts';
import { serverArguments } from './server-options.ts';

export interface ClusterMigration {
  dataDir: string;
  logFile: string;
  runtimeDir: string | null;
  tempDir: string;
  say: (line: string) => void;
  /** Programs of the major version that wrote the files. */
  binariesOf(major: string): Promise<PostgresBinaries>;
  /** Brings the schema of the database at `url` up to date, so that both sides have the same tables. */
  prepareSchema(url: string): Promise<void>;
}

/**
 * Brings the cluster of a data folder to the packaged major version: starts the old one with its own programs, makes a new one beside
 * it, copies all rows, and then exchanges the folders. The old one stays as `postgres-<major>`; until the exchange it is what counts.
 * Callers hold the data folder's lock. Returns the folder of the old cluster, or null when there was nothing to do.
 */
export async function migrateCluster(migration: ClusterMigration): Promise<string | null> {
  const { dataDir, say, logFile } = migration;
  const user = unprivilegedUser(say);
  const clusterDir = reachableFolder({ dataDir, name: 'postgres', user, say });
  const major = majorOf(clusterDir);
  const binaries = runnableBy(user, packagedPostgres(), say);
  if (major === null || major === binaries.major) return null;
  if (findPostmaster(clusterDir))
    throw new AppError('bad_config', 'PostgreSQL runs on these files; stop the service first.');
  const oldBinaries = runnableBy(user, await migration.binariesOf(major), say);
  const credentials = clusterCredentials(dataDir);
  const freshDir = `${clusterDir}.migrating`;
  rmSync(freshDir, { recursive: true, force: true });
  await initialiseCluster({ clusterDir: freshDir, binaries, credentials, user });
  await clearAfterCrash(clusterDir);

  const socketDir = (name: string) => socketFolder({ ...migration, name, owner: user });
  const [oldSockets, newSockets] = [socketDir('postgres-old'), socketDir('postgres-new')];
  const urls = (sockets: string) => {
    const at = { database: SERVICE_ROLE, socketDir: sockets };
    return {
      service: socketUrl({ ...at, role: SERVICE_ROLE, password: credentials.service }),
      admin: socketUrl({ ...at, role: ADMIN_ROLE, password: credentials.admin }),
      server: socketUrl({ ...at, role: ADMIN_ROLE, password: credentials.admin, database: 'postgres' }),
    };
  };
  const [oldUrls, newUrls] = [urls(oldSockets), urls(newSockets)];
  // The old server knows fewer settings than ours.
  const oldArgs = [
    '-D',
    clusterDir,
    '-c',
    'listen_addresses=',
    '-c',
    `unix_socket_directories=${oldSockets}`,
  ];
  say(`Starting PostgreSQL ${major} and ${binaries.major} side by side.`);
  const oldServer = await runServer({
    clusterDir,
    socketDir: oldSockets,
    binaries: oldBinaries,
    args: oldArgs,
    user,
    logFile,
  });
  try {
    const newServer = await runServer({
      clusterDir: freshDir,
      socketDir: newSockets,
      binaries,
      args: serverArguments(freshDir, newSockets),
      user,
      logFile,
    });
    try {
      await provision(newUrls.server, credentials.service);
      await migration.prepareSchema(oldUrls.service);
      await migration.prepareSchema(newUrls.service);
      const counts = await copyDatabase(oldUrls.admin, newUrls.admin);
      for (const [table, rows] of counts) say(`  ${table}: ${rows} rows`);
    } finally {
      await endPostmaster(newServer, freshDir);
    }
  } finally {
    await endPostmaster(oldServer, clusterDir);
    for (const sockets of [oldSockets, newSockets]) removeSocketFolder(sockets);
  }
  const kept = `${clusterDir}-${major}`;
  renameSync(clusterDir, kept);
  renameSync(freshDir, clusterDir);
  return kept;
}
