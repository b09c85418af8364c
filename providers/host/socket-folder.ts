import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { AppError } from '../../core/errors.ts';
import { folderHash } from './reachable-folder.ts';
import type { SystemUser } from './system-user.ts';

/** The kernel's limit for the path of a Unix socket, without the closing zero byte. */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * A short folder with mode 0700 for the sockets of one data folder: under `/run` as root, else under the user's runtime folder, else
 * under the folder for temporary files. Data folders may lie deeper than a socket's path can be long. It is made if missing and
 * owned by `owner` (null: by us). Throws `bad_config` when somebody else owns it.
 */
export function socketFolder(options: {
  dataDir: string;
  name: string;
  runtimeDir: string | null;
  tempDir: string;
  owner: Pick<SystemUser, 'uid' | 'gid'> | null;
}): string {
  const { dataDir, name, runtimeDir, tempDir, owner } = options;
  const uid = process.geteuid?.() ?? 0;
  const parent =
    uid === 0
      ? path.join(existsSync('/run') ? '/run' : '/var/run', 'managed-agent')
      : runtimeDir !== null
        ? path.join(runtimeDir, 'managed-agent')
        : path.join(tempDir, `managed-agent-${uid}`);
  // Root's parent must be passable for the owner of the folder; a user's parent is nobody else's business.
  const instance = path.join(parent, folderHash(dataDir));
  for (const folder of [parent, instance]) ownFolder(folder, uid, uid === 0 ? 0o755 : 0o700);
  const folder = path.join(instance, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (owner !== null && uid === 0) chownSync(folder, owner.uid, owner.gid);
  chmodSync(folder, 0o700);
  return folder;
}

/** Removes a folder that {@link socketFolder} made, and its parent when no other socket folder is in it. */
export function removeSocketFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const instance = path.dirname(folder);
  if (existsSync(instance) && readdirSync(instance).length === 0) rmdirSync(instance);
}

function ownFolder(folder: string, uid: number, mode: number): void {
  mkdirSync(folder, { recursive: true, mode });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new AppError(
      'bad_config',
      `${folder} must be a folder of ours, but belongs to uid ${found.uid}. Remove it.`,
    );
  }
  chmodSync(folder, mode);
}
