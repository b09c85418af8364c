import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../setup/run-command.ts';

const run = promisify(execFile);

/**
 * The path of Prometheus' promtool: that of the system, else of Debian's package, which is unpacked into the system's folder for temporary files
 * and not installed, since it would start a server. Neither root nor a change of the system is needed. Where there is no apt, the reason why
 * there is none.
 */
export async function promtool(): Promise<{ path: string } | { why: string }> {
  const found = findProgram(['promtool'], process.env['PATH'] ?? '');
  if (found !== null) return { path: found };
  if (findProgram(['apt-get'], process.env['PATH'] ?? '') === null) {
    return { why: 'promtool is not installed (Debian: prometheus), and there is no apt to get it' };
  }
  const place = path.join(tmpdir(), 'managed-agent-promtool');
  const program = path.join(place, 'usr', 'bin', 'promtool');
  if (existsSync(program)) return { path: program };
  const aside = await mkdtemp(path.join(tmpdir(), 'managed-agent-promtool-new-'));
  try {
    await download(aside).catch(async () => {
      // The system's lists of packages may be missing or old; lists of our own need no root.
      const own = [`Dir::State::lists=${aside}/lists`, `Dir::Cache=${aside}/cache`, 'Debug::NoLocking=1'];
      await mkdir(path.join(aside, 'lists', 'partial'), { recursive: true });
      await mkdir(path.join(aside, 'cache', 'archives', 'partial'), { recursive: true });
      const options = own.flatMap((option) => ['-o', option]);
      await run('apt-get', [...options, 'update'], { cwd: aside });
      await download(aside, options);
    });
    const archive = (await readdir(aside)).find((name) => name.endsWith('.deb')) ?? '';
    const unpacked = path.join(aside, 'unpacked');
    await run('dpkg-deb', ['-x', path.join(aside, archive), unpacked]);
    await rename(unpacked, place).catch((error: unknown) => {
      // Another process was first.
      if (!existsSync(program)) throw error;
    });
    return { path: program };
  } catch (error) {
    return {
      why: `promtool could not be had by apt: ${error instanceof Error ? error.message : String(error)}`,
    };
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function download(cwd: string, options: string[] = []): Promise<void> {
  await run('apt-get', [...options, 'download', 'prometheus'], { cwd });
}
