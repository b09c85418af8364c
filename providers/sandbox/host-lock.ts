import { spawn } from 'node:child_process';

import { AppError } from '../../core/errors.ts';
import { assertSpawned } from '../host/assert-spawned.ts';

/**
 * Runs `work` while holding the kernel's lock on a file, against every process of the host. The lock belongs to a `flock` child that
 * lives on this process's pipe: if this process is killed, the pipe closes, the child ends, and the lock is free.
 */
export async function withHostLock<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const holder = spawn('flock', ['-x', file, 'cat'], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  assertSpawned(holder);
  const problems: Buffer[] = [];
  holder.stderr.on('data', (chunk: Buffer) => problems.push(chunk));
  // The holder may be gone before it is told to let go.
  holder.stdin.on('error', () => holder.stdin.destroy());
  // It comes back from `cat`, which starts when the lock is held.
  holder.stdin.write('held');
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    holder.once('error', (cause) =>
      reject(
        new AppError('sandbox_unavailable', `flock cannot be run: install util-linux (${cause.message})`, {
          cause,
        }),
      ),
    );
    holder.once('exit', () =>
      reject(
        new AppError(
          'sandbox_unavailable',
          `the lock ${file} cannot be taken: ${Buffer.concat(problems).toString()}`,
        ),
      ),
    );
  });
  try {
    return await work();
  } finally {
    const gone = new Promise((resolve) => {
      holder.once('close', resolve);
    });
    holder.stdin.end();
    await gone;
  }
}
