import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';

import type { Settings } from './settings.ts';

/** The folders below `state`. */
export interface StateFolders {
  calls: string;
  pipes: string;
  shell: string;
  processes: string;
  kernels: string;
  /** A file that changes whenever a sandboxd has begun to listen. */
  listening: string;
}

/** The owner may read and write. */
const OWN = 0o600;

/**
 * Gives a name in the state folder back to sandboxd. Where a sandbox has one user id only, its commands may have put anything there: a
 * pipe would hold up whoever opens it, and what lies in a folder may be closed to its own owner.
 */
function setAside(path: string, isRight: (entry: Stats) => boolean): void {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry !== undefined && !isRight(entry)) renameSync(path, `${path}.not-${Date.now()}`);
}

/** Makes a folder where there is none. Not its parents too, which Node.js would try for ever below a folder that was removed. */
function ownFolder(folder: string, mode: number): void {
  setAside(folder, (entry) => entry.isDirectory());
  if (!existsSync(folder)) mkdirSync(folder, { mode });
  if (lstatSync(folder).uid === process.getuid?.()) chmodSync(folder, mode);
}

/** Makes what is missing and hands the agent's folders over. Returns a notice when this is not the sandbox's first start. */
export function prepare(settings: Settings): { folders: StateFolders; restartNotice: string } {
  const { state, agent } = settings;
  const folders: StateFolders = {
    calls: join(state, 'calls'),
    pipes: join(state, 'pipes'),
    shell: join(state, 'shell'),
    processes: join(state, 'processes'),
    kernels: join(state, 'kernels'),
    listening: join(state, 'listening'),
  };
  chmodSync(state, 0o711);
  for (const folder of [folders.calls, folders.pipes]) ownFolder(folder, 0o711);
  chmodSync(folders.calls, 0o700);
  ownFolder(settings.outputsFolder, 0o755);
  ownFolder(folders.shell, 0o700);
  for (const folder of [folders.shell, ...settings.agentFolders]) {
    if (agent !== null && statSync(folder).uid !== agent.uid) chownSync(folder, agent.uid, agent.gid);
  }
  for (const pipe of readdirSync(folders.pipes))
    rmSync(join(folders.pipes, pipe), { recursive: true, force: true });
  const bootFile = join(state, 'boot');
  for (const file of [bootFile, folders.listening])
    setAside(file, (entry) => entry.isFile() && (entry.mode & OWN) === OWN);
  const previous = existsSync(bootFile) ? readFileSync(bootFile, 'utf8') : settings.boot;
  writeFileSync(bootFile, settings.boot);
  const restartNotice =
    previous === settings.boot
      ? ''
      : '[The sandbox was restarted since the last command: files, working directory and exported variables are kept; background processes and /tmp are gone.]';
  return { folders, restartNotice };
}
