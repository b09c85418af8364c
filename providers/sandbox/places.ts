import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
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

/** Where what does not lie in a data folder is, by the folder's path. */
function outsideOf(data: string, uid: number): { base: string; sockets: string } {
  const name = createHash('sha256').update(data).digest('hex').slice(0, 12);
  const base = join('/var/lib/managed-agent', name);
  if (uid === 0) return { base, sockets: `/run/managed-agent-${name}` };
  const runtime = `/run/user/${uid}`;
  const sockets = existsSync(runtime)
    ? join(runtime, `managed-agent-${name}`)
    : join(tmpdir(), `managed-agent-${uid}-${name}`);
  return { base, sockets };
}

/**
 * Decides the places for a data folder: the same ones for every path that leads to it by symbolic links, or workers that name it
 * differently would not find each other's sandboxes. `uid` is the service's own.
 */
export function placesOf(dataFolder: string, uid: number): Places {
  const spelled = resolve(dataFolder);
  mkdirSync(spelled, { recursive: true });
  const data = realpathSync(spelled);
  // What was made under a path with links in it, and may be in use, stays there.
  const before = outsideOf(spelled, uid);
  const isUsed = uid === 0 ? Object.values(before).some(existsSync) : existsSync(before.sockets);
  const { base: outside, sockets } = isUsed ? before : outsideOf(data, uid);
  if (uid === 0) {
    const base = isPassable(data) ? data : outside;
    mkdirSync(base, { recursive: true, mode: 0o755 });
    return {
      base,
      sockets: privateFolder(sockets, uid),
      ids: '/var/lib/managed-agent/ids',
      isElsewhere: base !== data,
    };
  }
  return {
    base: data,
    sockets: privateFolder(sockets, uid),
    ids: join(homedir(), '.local/state/managed-agent/ids'),
    isElsewhere: false,
  };
}
