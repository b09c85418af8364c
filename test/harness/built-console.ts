import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Sees to it that the console is built from its present sources. */
export function ensureBuiltConsole(): void {
  const program = ['--disable-warning=ExperimentalWarning', 'setup/build-console.ts'];
  const { status, stderr } = spawnSync(process.execPath, program, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the console cannot be built:\n${stderr}`);
}
