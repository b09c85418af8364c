import { execFile } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../host/process-identity.ts';
import { spawnDetached, type DetachedCommand } from '../../host/spawn-detached.ts';

/** Descriptor on which bubblewrap says which process it has started. */
const INFO_DESCRIPTOR = 3;

/**
 * A loopback and process numbers of its own, and everything else as outside. Bubblewrap needs no rights for it where users may make
 * namespaces, and brings the loopback up by itself. The command is process 1 of its namespace, so nothing that it starts outlives it.
 */
const OPTIONS = '--bind / / --dev-bind /dev /dev --unshare-net --unshare-pid --as-pid-1'.split(' ');

/** The command line that runs `command` in a network of its own; {@link spawnInPrivateNetwork} starts it. */
export function inPrivateNetwork(command: readonly string[]): string[] {
  return ['bwrap', ...OPTIONS, '--info-fd', String(INFO_DESCRIPTOR), '--', ...command];
}

/** Why no process can have a network of its own here, in a few words for people; null when it can. It is tried. */
export async function whyNoPrivateNetwork(
  environment: Record<string, string | undefined>,
): Promise<string | null> {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  try {
    await promisify(execFile)('bwrap', [...OPTIONS, '--', 'socat', '-V'], {
      env: environment,
      timeout: 10_000,
    });
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'bubblewrap is not installed';
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    return said === '' ? (error as Error).message : said;
  }
}

/**
 * Starts a command line of {@link inPrivateNetwork}. The identity is that of the command itself, by which it is signalled: bubblewrap
 * waits outside for its end, and passes no signal on.
 *
 * @returns null when it ended before it could be identified; its log says why.
 */
export async function spawnInPrivateNetwork(
  given: Omit<DetachedCommand, 'descriptors'>,
): Promise<ProcessIdentity | null> {
  const infoFile = path.join(given.folder, 'namespace.json');
  const info = openSync(infoFile, 'w', 0o600);
  try {
    const outside = await spawnDetached({ ...given, descriptors: [info] });
    for (;;) {
      const living = isAlive(outside);
      const pid = childOf(readFileSync(infoFile, 'utf8'));
      if (pid !== null) return identifyProcess(pid);
      if (!living) return null;
      await sleep(2);
    }
  } finally {
    closeSync(info);
    rmSync(infoFile, { force: true });
  }
}

/** Null while bubblewrap has not written it whole. */
function childOf(text: string): number | null {
  const match = /"child-pid":\s*(\d+)[^]*\}/.exec(text);
  return match?.[1] === undefined ? null : Number(match[1]);
}
