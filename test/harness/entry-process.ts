import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** An api or a worker that was started by hand, as `npm run api` and `npm run worker` do. */
export interface EntryProcess {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<void>;
}

/**
 * @param settings - environment variables that say where PostgreSQL and Temporal are, and everything else.
 * @param before - words before the command, such as those of `unshare`.
 */
export function startEntry(
  entry: 'server.ts' | 'worker.ts',
  dataDir: string,
  settings: Record<string, string>,
  before: readonly string[] = [],
): EntryProcess {
  const log = openSync(path.join(dataDir, `${entry}.log`), 'a');
  const words = [...before, process.execPath, '--disable-warning=ExperimentalWarning', entry];
  const child = spawn(words[0] ?? '', words.slice(1), {
    cwd: ROOT,
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      MANAGED_AGENT_DATA_DIR: dataDir,
      MANAGED_AGENT_API_UNREADY_SECONDS: '0',
      ...settings,
    },
  });
  closeSync(log);
  return {
    pid: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    ended: new Promise((resolve) => child.once('exit', () => resolve())),
  };
}
