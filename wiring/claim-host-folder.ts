import { mkdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { lastUserOf, lockFolder, type FolderLock } from '../providers/host/folder-lock.ts';
import { openHostFolder } from '../providers/host/host-folder.ts';
import { onOneKernel, processPlace } from '../providers/host/process-place.ts';
import type { HostStore } from '../providers/store/hosts.ts';

/** Looks whether somebody else is heard of. */
const LOOK_MS = 250;
/** Workers of other containers that may share a data folder; each has one of its own in it. */
const MOST_FOLDERS = 1_000;

/** A folder of sandboxes that is this process's, and that of others in the same place. */
export interface ClaimedFolder {
  path: string;
  release(): void;
}

/** Names who has a folder of sandboxes: this place, with this folder and not a copy of it. */
export function holderOf(folder: string): string {
  const { dev, ino } = statSync(lockedFolder(folder));
  return [hostname(), processPlace(), `${dev}:${ino}`].join(' ');
}

/** The kernel's lock on a folder of sandboxes, without asking whether a copy of it is in use elsewhere. */
export function lockSandboxFolder(folder: string): Promise<FolderLock> {
  return lockFolder(lockedFolder(folder), {
    place: processPlace(),
    name: `${hostname()} (pid ${process.pid} there)`,
  });
}

/**
 * Takes the folder of this worker's sandboxes, or refuses one that a living worker has whose processes this one cannot see: they would
 * take each other's calls. A folder that the settings name is the one or none. Else it is the data folder, or, for a worker in another
 * container on the same data folder, the first of `<data_dir>/hosts/2`, `3` and so on that nobody has: so each replica has its own, and
 * finds one again when it is started anew. Null for a worker without sandboxes.
 */
export async function claimHostFolder(
  { sandbox, worker, data_dir: dataDir }: Config,
  hosts: Pick<HostStore, 'hold' | 'takeHold'>,
  log: Pick<Logger, 'info' | 'warn'>,
  signal: AbortSignal,
): Promise<ClaimedFolder | null> {
  if (worker.role === 'brain' || sandbox.driver === 'none') return null;
  const timeoutMs = sandbox.host_timeout_seconds * 1_000;
  const claim = async (folder: string): Promise<ClaimedFolder | string> => {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const lock = await lockSandboxFolder(folder);
    if (!lock.isOurs) return `It has ${lock.user?.name ?? 'one whose name cannot be read'}.`;
    try {
      const { id } = openHostFolder(folder);
      const other = await livingHolder(id, holderOf(folder), hosts, timeoutMs, log, signal);
      if (other === null) return { path: folder, release: lock.release };
      lock.release();
      return `It, or a copy of it, has ${other}, as ${id}.`;
    } catch (error) {
      lock.release();
      throw error;
    }
  };

  if (sandbox.folder !== null) {
    const claimed = await claim(sandbox.folder);
    if (typeof claimed !== 'string') return claimed;
    throw new AppError(
      'bad_config',
      `sandbox.folder: ${sandbox.folder} is in use by a living worker of another container or machine. ${claimed} Give each its own folder, or leave sandbox.folder out.`,
    );
  }
  for (const folder of candidates(dataDir)) {
    const claimed = await claim(folder);
    if (typeof claimed === 'string') {
      log.info({ folder }, `this folder of sandboxes is in use. ${claimed}`);
      continue;
    }
    if (folder !== dataDir) log.info({ folder }, 'this worker has a folder of sandboxes of its own');
    return claimed;
  }
  throw new AppError('bad_config', `data_dir: ${MOST_FOLDERS} other workers have a folder in ${dataDir}.`);
}

/** The folders that a worker may have, those first that this place had last. */
function candidates(dataDir: string): string[] {
  const place = processPlace();
  const all = Array.from({ length: MOST_FOLDERS }, (_, index) =>
    index === 0 ? dataDir : path.join(dataDir, 'hosts', String(index + 1)),
  );
  const own = all.filter((folder) => lastUserOf(lockedFolder(folder))?.place === place);
  return [...own, ...all.filter((folder) => !own.includes(folder))];
}

function lockedFolder(folder: string): string {
  return path.join(folder, 'host');
}

/**
 * Makes us the holder of a host, unless another one is heard of; then it is returned. The kernel has decided already between us and
 * whoever has the very folder on the same machine. A machine that went down is heard of no more; that takes as long as for its sessions.
 */
async function livingHolder(
  id: string,
  us: string,
  hosts: Pick<HostStore, 'hold' | 'takeHold'>,
  timeoutMs: number,
  log: Pick<Logger, 'info'>,
  signal: AbortSignal,
): Promise<string | null> {
  let first: { holder: string | null; heartbeatAt: number } | undefined;
  for (;;) {
    const hold = await hosts.hold(id);
    if (hold === null) return null;
    const { holder, heartbeatAt, silentMs } = hold;
    if (holder === null || isOver(holder, us) || silentMs > timeoutMs) {
      if (await hosts.takeHold(id, us, holder)) return null;
      continue;
    }
    if (first === undefined) {
      first = { holder, heartbeatAt };
      log.info({ host: id, holder }, 'waiting to see whether the worker that had this folder still lives');
    } else if (first.holder !== holder || first.heartbeatAt !== heartbeatAt) {
      return nameOf(holder);
    }
    await delay(LOOK_MS, undefined, { signal });
  }
}

/** Whether a holder is us, or cannot live any more, since we have the kernel's lock on its folder. */
function isOver(holder: string, us: string): boolean {
  if (holder === us) return true;
  const [theirs, ours] = [partsOf(holder), partsOf(us)];
  return theirs.folder === ours.folder && onOneKernel(theirs.place, ours.place);
}

function partsOf(holder: string): { name: string; place: string; folder: string } {
  const [name = '', place = '', folder = ''] = holder.split(' ');
  return { name, place, folder };
}

function nameOf(holder: string): string {
  return `a worker of ${partsOf(holder).name}`;
}
