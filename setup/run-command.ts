import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Runs a program whose output and questions go to the user's terminal. Rejects when it cannot be started or fails. */
export function runCommand(
  command: string,
  args: string[],
  options: { environment?: Record<string, string | undefined>; folder?: string; signal?: AbortSignal } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: 'inherit',
      ...(options.environment && { env: options.environment }),
      ...(options.folder && { cwd: options.folder }),
      ...(options.signal && { signal: options.signal }),
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** The first of these programs that is on PATH, or null. */
export function findProgram(names: string[], searchPath: string): string | null {
  for (const name of names) {
    for (const folder of searchPath.split(path.delimiter)) {
      if (folder !== '' && existsSync(path.join(folder, name))) return path.join(folder, name);
    }
  }
  return null;
}
