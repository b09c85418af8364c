import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A Python with these packages, by the path of its interpreter. It is made once per set of packages and kept in the system's folder for
 * temporary files, since making one takes half a minute. Two processes may make the same at once; the first to be ready wins.
 */
export async function pythonEnvironment(packages: readonly string[]): Promise<string> {
  const { stdout: version } = await run('python3', ['-c', 'import sys; print(sys.version)']);
  const key = createHash('sha256')
    .update(JSON.stringify([version, packages.toSorted()]))
    .digest('hex')
    .slice(0, 16);
  const cache = path.join(tmpdir(), 'managed-agent-python');
  const place = path.join(cache, key);
  const python = path.join(place, 'bin', 'python');
  if (existsSync(python)) return python;
  await mkdir(cache, { recursive: true });
  const aside = await mkdtemp(path.join(cache, 'new-'));
  try {
    await run('python3', ['-m', 'venv', aside]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    await run(path.join(aside, 'bin', 'python'), pip, { maxBuffer: 64 * 1024 * 1024 });
    // Packages are found relative to the interpreter, so that the folder can be moved.
    await rename(aside, place);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!existsSync(python)) throw error;
  }
  return python;
}
