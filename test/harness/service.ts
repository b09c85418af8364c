import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { identifyProcess } from '../../providers/host/process-identity.ts';
import type { RunFile } from '../../supervisor/run-file.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_MS = 120_000;

export type Part = 'supervisor' | 'postgres' | 'temporal' | 'api' | 'worker';

/** The whole service, as `npm start` runs it, in a folder of its own. */
export interface RunningService {
  url: string;
  dataDir: string;
  run(): RunFile;
  /** Kills with SIGKILL. A supervisor that was killed, alone or with everything, is started again, as an operator would. */
  kill(part: Part | 'everything'): Promise<void>;
  /** Resolves when the parts that messages need work. */
  ready(): Promise<void>;
  /** Stops the service in good order and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts the service on free ports in a temporary folder.
 *
 * @param settings - environment variables for it, besides those that say where it lies.
 * @param before - words before the command that starts it, such as those of `unshare`.
 */
export async function startService(
  settings: Record<string, string> = {},
  before: readonly string[] = [],
): Promise<RunningService> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'managed-agent-service-'));
  // PostgreSQL and sandboxes started by root run under other accounts, which must get through.
  chmodSync(dataDir, 0o711);
  let supervisor = launch();

  function launch(): ChildProcess {
    const log = openSync(path.join(dataDir, 'start.log'), 'a');
    const words = [...before, process.execPath, '--disable-warning=ExperimentalWarning', 'start.ts'];
    const child = spawn(words[0] ?? '', words.slice(1), {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'],
        MANAGED_AGENT_DATA_DIR: dataDir,
        MANAGED_AGENT_API_PORT: '0',
        MANAGED_AGENT_TEMPORAL_PORT: '0',
        MANAGED_AGENT_TEMPORAL_UI_PORT: '0',
        ...settings,
      },
    });
    closeSync(log);
    return child;
  }

  const run = (): RunFile => JSON.parse(readFileSync(path.join(dataDir, 'run.json'), 'utf8')) as RunFile;

  async function ready(): Promise<void> {
    const end = performance.now() + START_MS;
    for (;;) {
      try {
        const { parts } = (await (await fetch(`${run().urls.api}/status`)).json()) as StatusAnswer;
        if (['database', 'temporal', 'brains'].every((name) => parts[name]?.state === 'ok')) return;
      } catch {
        // Not yet.
      }
      if (supervisor.exitCode !== null || performance.now() > end) {
        throw new Error(
          `the service does not start:\n${readFileSync(path.join(dataDir, 'start.log'), 'utf8')}`,
        );
      }
      await sleep(100);
    }
  }

  await ready();
  return {
    url: run().urls.api,
    dataDir,
    run,
    ready,
    async kill(part) {
      const { pids } = run();
      const wanted = part === 'everything' ? Object.values(pids) : [pids[part]];
      for (const pid of wanted) if (pid !== undefined) process.kill(pid, 'SIGKILL');
      while (wanted.some((pid) => pid !== undefined && identifyProcess(pid) !== null)) await sleep(10);
      if (part === 'supervisor' || part === 'everything') supervisor = launch();
    },
    async stop() {
      supervisor.kill('SIGTERM');
      await new Promise<void>((resolve) => {
        if (supervisor.exitCode !== null || supervisor.signalCode !== null) resolve();
        else supervisor.once('exit', () => resolve());
      });
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What is looked at of an answer of `/status`. */
interface StatusAnswer {
  parts: Record<string, { state: string } | undefined>;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
