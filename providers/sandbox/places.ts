import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Where a driver keeps what. */
export interface Places {
  /** Sessions' folders and the runtime; the sandboxes' users can pass through it. */
  base: string;
  /** Sockets and locks: short paths, closed to others, gone after a reboot. */
  sockets: string;
  /** Which user ids are taken, shared by all instances of this user. */
  ids: string;
  /** The sandboxes could not lie in the data folder. */
  isElsewhere: boolean;
}

/** Whether any user can pass through a folder and everything above it. */
function isPassable(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if (existsSync(path) && (statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** Makes a folder that only this user may enter, and refuses one that somebody else made first. */
function privateFolder(path: string, uid: number): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stats = lstatSync(path);
  if (!stats.isDirectory() || stats.uid !== uid || (stats.mode & 0o077) !== 0) {
    throw new Error(`${path} must be a folder of user ${uid} with mode 0700; remove it and start again`);
  }
  return path;
}

/** Decides the places for a data folder. `uid` is the service's own. */
export function placesOf(dataFolder: string, uid: number): Places {
  const data = resolve(dataFolder);
  const name = createHash('sha256').update(data).digest('hex').slice(0, 12);
  if (uid === 0) {
    const base = isPassable(data) ? data : join('/var/lib/managed-agent', name);
    mkdirSync(base, { recursive: true, mode: 0o755 });
    return {
      base,
      sockets: privateFolder(`/run/managed-agent-${name}`, uid),
      ids: '/var/lib/managed-agent/ids',
      isElsewhere: base !== data,
    };
  }
  const runtime = `/run/user/${uid}`;
  const sockets = existsSync(runtime)
    ? join(runtime, `managed-agent-${name}`)
    : join(tmpdir(), `managed-agent-${uid}-${name}`);
  mkdirSync(data, { recursive: true });
  return {
    base: data,
    sockets: privateFolder(sockets, uid),
    ids: join(homedir(), '.local/state/managed-agent/ids'),
    isElsewhere: false,
  };
}
