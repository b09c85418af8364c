import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { SystemUser } from './system-user.ts';

/** Where things lie that users other than root must reach when the data folder is closed to them. */
const SYSTEM_FOLDER = '/var/lib/managed-agent';

/** Whether a user can enter a folder. It is tried, since access lists and security modules have a say besides the mode. */
export function canEnter(folder: string, user: Pick<SystemUser, 'uid' | 'gid'>): boolean {
  const result = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], {
    cwd: '/',
    env: {},
    stdio: 'ignore',
    uid: user.uid,
    gid: user.gid,
  });
  return result.status === 0;
}

/**
 * The folder for a part of the data that another user must reach: `<dataDir>/<name>`, or, when the user cannot get there,
 * `/var/lib/managed-agent/<hash of the data folder>/<name>`. Where it lies is decided once and written to
 * `<dataDir>/<name>.location`, so that a later change of permissions never makes data look lost. The folder itself is not made; its
 * parent is. `user` null: we are not root, and everything lies in the data folder.
 */
export function reachableFolder(options: {
  dataDir: string;
  name: string;
  user: Pick<SystemUser, 'uid' | 'gid'> | null;
  say: (line: string) => void;
}): string {
  const { dataDir, name, user, say } = options;
  const inside = path.join(dataDir, name);
  const note = path.join(dataDir, `${name}.location`);
  if (existsSync(note)) return readFileSync(note, 'utf8').trim();
  if (user === null || existsSync(inside) || canEnter(dataDir, user)) return inside;
  const parent = path.join(SYSTEM_FOLDER, folderHash(dataDir));
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  // The caller's umask may have closed them.
  for (const folder of [SYSTEM_FOLDER, parent]) chmodSync(folder, 0o755);
  writeFileSync(path.join(parent, 'data-folder'), `${realpathSync(dataDir)}\n`);
  const outside = path.join(parent, name);
  if (existsSync(outside)) {
    // An earlier data folder with this path was removed, together with what is needed to read these files.
    const aside = `${outside}.of-removed-data-folder-${Date.now()}`;
    renameSync(outside, aside);
    say(`${outside} belonged to a data folder that is gone; it was moved to ${aside} and can be removed.`);
  }
  writeFileSync(note, `${outside}\n`);
  say(`${dataDir} is closed to other users, so ${name} lies in ${outside}.`);
  return outside;
}

/** Where {@link reachableFolder} has put a folder, if it has. Nothing is made. */
export function knownFolder(dataDir: string, name: string): string {
  const note = path.join(dataDir, `${name}.location`);
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : path.join(dataDir, name);
}

/** A folder for programs that other users must be able to run; shared by all instances on the machine. */
export function systemProgramFolder(name: string): string {
  mkdirSync(SYSTEM_FOLDER, { recursive: true, mode: 0o755 });
  chmodSync(SYSTEM_FOLDER, 0o755);
  return path.join(SYSTEM_FOLDER, name);
}

/** Names a data folder shortly; the same for every path that leads to it. */
export function folderHash(dataDir: string): string {
  return createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 12);
}
