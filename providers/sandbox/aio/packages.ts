import { createHash } from 'node:crypto';
import { z } from 'zod';

import { AppError } from '../../../core/errors.ts';
import { cleanText, decode } from '../../../sandboxd/clean-text.ts';
import type { SandboxEnvironment, SandboxPackages } from '../environment.ts';
import { installScript, neededManagers, PACKAGES, type PackageManager } from '../packages/install-script.ts';
import type { Guard } from './guard.ts';

const INSTALL_SECONDS = 15 * 60;
/** How much of a manager's output an error repeats. */
const WORDS = 1_500;
/** An attempt that failed is not repeated for this long: its answer would be the same, and late. */
const FAILURE_MS = 60_000;
/** What makes AIO's kernels, which do not get the environment of commands, find the packages of Python. */
const KERNEL_STARTUP = `import sys\nsys.path[:0] = [${JSON.stringify(`${PACKAGES}/python`)}, ${JSON.stringify(`${PACKAGES}/apt/usr/lib/python3/dist-packages`)}]\n`;

/** Installs what environments ask for in containers, once in each. */
export interface AioPackages {
  /**
   * Returns what is installed: all that is wished for, or, where that cannot be had, what the environment insists on; null for nothing.
   * Rejects with `sandbox_unavailable` and the manager's words when that fails too.
   */
  ensure(
    guard: Guard,
    container: { url: string; home: string },
    environment: SandboxEnvironment,
  ): Promise<SandboxPackages | null>;
}

/**
 * The command that installs a manager's packages unless that was done in this container. Two workers may ask at the same time: the second
 * waits for the lock and finds it done.
 */
function commandOf(manager: PackageManager, names: readonly string[]): { command: string; key: string } {
  const key = createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 16);
  const done = `${PACKAGES}/.done-${manager}-${key}`;
  const command = [
    `exec 9> ${PACKAGES}/.lock && flock 9 || exit 1`,
    `[ -e ${done} ] && exit 0`,
    // Caches of managers are no files of the session.
    `export HOME=${PACKAGES}/.home DEBIAN_FRONTEND=noninteractive PIP_NO_INPUT=1 && mkdir -p "$HOME"`,
    `${installScript(manager, names)} || exit 1`,
    'chmod -R u+w "$HOME" && rm -rf "$HOME"',
    `touch ${done}`,
  ].join('\n');
  return { command, key };
}

/** What must stand where AIO's own runtimes look. */
function runtimeCommand(home: string): string {
  const startup = `${home}/.ipython/profile_default/startup`;
  return [
    `mkdir -p '${startup}'`,
    `printf '%s' '${KERNEL_STARTUP}' > '${startup}/00-packages.py'`,
    // Among the folders in which Node looks for modules.
    `ln -sfn ${PACKAGES}/npm/lib/node_modules '${home}/.node_modules'`,
  ].join(' && ');
}

export function createAioPackages(
  log: (message: string, details: Record<string, string>) => void,
): AioPackages {
  const failures = new Map<string, { at: number; error: AppError }>();

  /** Returns what is wrong, or null. */
  async function run(guard: Guard, name: string, script: string): Promise<string | null> {
    const view = await guard.run(name, script, INSTALL_SECONDS);
    if (view.state === 'lost') return view.reason;
    if (view.state !== 'command') return `the installation is ${view.state}`;
    if (view.code === 0 && view.endedBy === 'exit') return null;
    const said = cleanText(decode(Buffer.from(view.tail, 'base64')))
      .trim()
      .slice(-WORDS);
    return view.endedBy === 'timeout' ? `it took longer than ${INSTALL_SECONDS} s. ${said}` : said;
  }

  async function install(
    guard: Guard,
    { url, home }: { url: string; home: string },
    packages: SandboxPackages,
  ): Promise<void> {
    const key = `${url} ${JSON.stringify(packages)}`;
    const failure = failures.get(key);
    if (failure !== undefined && Date.now() - failure.at < FAILURE_MS) throw failure.error;
    failures.delete(key);
    const fail = (what: string, problem: string): never => {
      const error = new AppError('sandbox_unavailable', `${what} cannot be installed: ${problem}`);
      failures.set(key, { at: Date.now(), error });
      throw error;
    };
    await guard.ask('setup', z.unknown(), { folders: [PACKAGES], links: {}, kept: {} });
    for (const manager of neededManagers(packages)) {
      const names = packages[manager];
      const { command, key: list } = commandOf(manager, names);
      const problem = await run(guard, `packages-${manager}-${list}`, command);
      if (problem !== null) fail(`The ${manager} packages of the environment (${names.join(', ')})`, problem);
    }
    const problem = await run(guard, 'packages-runtimes', runtimeCommand(home));
    if (problem !== null) fail("What leads AIO's runtimes to the packages", problem);
  }

  return {
    async ensure(guard, container, { packages, wished }) {
      for (const list of [wished, packages]) {
        if (list === undefined || neededManagers(list).length === 0) continue;
        try {
          await install(guard, container, list);
          return list;
        } catch (error) {
          if (list !== wished || !(error instanceof AppError)) throw error;
          log('packages that skills need are left out', { reason: error.message });
        }
      }
      return null;
    },
  };
}
