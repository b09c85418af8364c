import { execFile } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../core/errors.ts';
import type { SystemUser } from '../host/system-user.ts';
import type { PostgresBinaries } from './binaries.ts';
import { ADMIN_ROLE, type PostgresCredentials } from './credentials.ts';

const run = promisify(execFile);

/**
 * Makes the files of a new cluster at `clusterDir`. They appear there only when they are complete, so that a process killed in the
 * middle leaves nothing that looks like data. Does nothing when the cluster is there.
 */
export async function initialiseCluster(options: {
  clusterDir: string;
  binaries: PostgresBinaries;
  credentials: PostgresCredentials;
  user: SystemUser | null;
}): Promise<void> {
  const { clusterDir, binaries, credentials, user } = options;
  if (existsSync(clusterDir)) return;
  const parent = path.dirname(clusterDir);
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    if (name.startsWith(`${path.basename(clusterDir)}.new-`))
      rmSync(path.join(parent, name), { recursive: true });
  }
  const partial = mkdtempSync(`${clusterDir}.new-`);
  const passwordFile = path.join(partial, 'password');
  const files = path.join(partial, 'cluster');
  try {
    mkdirSync(files, { mode: 0o700 });
    writeFileSync(passwordFile, credentials.admin, { mode: 0o600 });
    if (user) for (const name of [partial, passwordFile, files]) chownSync(name, user.uid, user.gid);
    await run(
      path.join(binaries.folder, 'bin', 'initdb'),
      [
        ['--pgdata', files],
        ['--username', ADMIN_ROLE],
        ['--pwfile', passwordFile],
        ['--auth', 'scram-sha-256'],
        ['--encoding', 'UTF8'],
        // Order by code point, so that an update of the system's locales never makes an index wrong.
        ['--locale-provider', 'builtin'],
        ['--builtin-locale', 'C.UTF-8'],
        ['--locale', 'C'],
      ].flat(),
      {
        cwd: '/',
        env: { LC_ALL: 'C', PATH: '/usr/bin:/bin', TZ: 'UTC' },
        ...(user && { uid: user.uid, gid: user.gid }),
      },
    );
    renameSync(files, clusterDir);
  } catch (cause) {
    const reason = (cause as { stderr?: string }).stderr || String(cause);
    throw new AppError(
      'bad_config',
      `PostgreSQL cannot make its data folder ${clusterDir}: ${reason.trim()}`,
      { cause },
    );
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
