import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
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
  for (const folder of [folders.calls, folders.pipes]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  chmodSync(folders.calls, 0o700);
  mkdirSync(settings.outputsFolder, { recursive: true });
  chmodSync(settings.outputsFolder, 0o755);
  mkdirSync(folders.shell, { recursive: true, mode: 0o700 });
  for (const folder of [folders.shell, ...settings.agentFolders]) {
    if (agent !== null && statSync(folder).uid !== agent.uid) chownSync(folder, agent.uid, agent.gid);
  }
  for (const pipe of readdirSync(folders.pipes)) rmSync(join(folders.pipes, pipe), { force: true });
  const bootFile = join(state, 'boot');
  const previous = existsSync(bootFile) ? readFileSync(bootFile, 'utf8') : settings.boot;
  writeFileSync(bootFile, settings.boot);
  const restartNotice =
    previous === settings.boot
      ? ''
      : '[The sandbox was restarted since the last command: files, working directory and exported variables are kept; background processes and /tmp are gone.]';
  return { folders, restartNotice };
}
