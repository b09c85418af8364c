import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { HostEnvironment } from '../config.ts';
import { AppError } from '../core/errors.ts';

/** Programs that sandboxes are made with, and the Debian packages that bring them. */
const PROGRAMS: Record<string, string> = {
  bwrap: 'bubblewrap',
  socat: 'socat',
  rg: 'ripgrep',
  setpriv: 'util-linux',
};

/**
 * Installs the system packages that are missing: on Debian and Ubuntu by apt, with sudo where that is needed; elsewhere it says what to
 * install.
 *
 * @throws `bad_config` naming the packages, where they cannot be installed from here.
 */
export function installSystemPackages(host: HostEnvironment, say: (line: string) => void): void {
  if (process.platform !== 'linux') {
    say(
      'system packages: sandboxes by bubblewrap exist on Linux only; set sandbox.driver to docker or none on this system.',
    );
    return;
  }
  const missing = Object.entries(PROGRAMS).filter(([program]) => !isOnPath(program, host.searchPath));
  if (missing.length === 0) {
    say('system packages: installed');
    return;
  }
  const packages = [...new Set(missing.map(([, name]) => name))];
  const root = process.getuid?.() === 0;
  const canInstall = isOnPath('apt-get', host.searchPath) && (root || isOnPath('sudo', host.searchPath));
  if (!canInstall) {
    throw new AppError(
      'bad_config',
      `These programs are missing: ${missing.map(([program]) => program).join(', ')}. Install the packages ${packages.join(', ')} with your system's package manager (on Debian or Ubuntu: sudo apt-get install ${packages.join(' ')}), then run npm run setup again.`,
    );
  }
  say(`system packages: installing ${packages.join(', ')} by apt ...`);
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  // Package lists may be old or absent; they are fetched only when the installation fails without.
  if (!apt(host, root, install)) {
    apt(host, root, ['update', '-qq']);
    if (!apt(host, root, install)) {
      throw new AppError(
        'bad_config',
        `apt could not install ${packages.join(', ')}; see its messages above.`,
      );
    }
  }
}

function apt(host: HostEnvironment, root: boolean, args: string[]): boolean {
  const command = root ? ['apt-get', ...args] : ['sudo', 'apt-get', ...args];
  const [program = '', ...rest] = command;
  const { status } = spawnSync(program, rest, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...host.variables, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

function isOnPath(program: string, searchPath: string): boolean {
  return searchPath.split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
