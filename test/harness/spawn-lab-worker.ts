import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LabWorkerSettings } from './lab-worker.ts';

const ENTRY = fileURLToPath(new URL('lab-worker.ts', import.meta.url));

export interface LabWorkerProcess {
  readonly pid: number;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  goOn(): void;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starts a worker process and waits until it polls. */
export async function spawnLabWorker(settings: LabWorkerSettings): Promise<LabWorkerProcess> {
  const child = spawn(process.execPath, [ENTRY, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await ready(child);
  const gone = once(child, 'exit');
  const { pid } = child;
  if (pid === undefined) throw new Error('the worker process was not started');
  return {
    pid,
    pause: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function ready(child: ChildProcess): Promise<void> {
  const output = child.stdout;
  if (!output) throw new Error('the worker process has no output');
  await new Promise<void>((resolve, reject) => {
    output.on('data', (data: Buffer) => {
      if (data.toString().includes('ready')) resolve();
    });
    child.on('exit', (code) => reject(new Error(`the worker process ended with ${code}`)));
  });
}
