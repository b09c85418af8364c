import { chownSync, existsSync } from 'node:fs';

import { AppError } from '../../../core/errors.ts';
import { PACKAGE_MANAGER_HOSTS } from '../../network/package-hosts.ts';
import type { SandboxEnvironment, SandboxPackages } from '../environment.ts';
import type { SandboxDriver, SandboxSpec } from '../sandbox.ts';
import { installScript, neededManagers } from './install-script.ts';

const INSTALL_MS = 15 * 60_000;
/** How much of a manager's output an error repeats. */
const WORDS = 1_500;

/** What a sandbox that installs packages is started with, instead of a session's environment. */
export interface InstallerEnvironment extends SandboxEnvironment {
  /** The host folder that it fills. */
  fills: string;
}

export interface PackageInstallerDeps {
  driver(): SandboxDriver;
  /** Told before the sandbox of `sessionId` is started, and undone afterwards. */
  announce(sessionId: string, environment: InstallerEnvironment | null): void;
  /** The user that sandboxd of this session runs as, where it is not the service's own. */
  keeperOf(sessionId: string): Promise<number | undefined>;
  /** Empties a folder that the sandbox of `sessionId` filled. */
  empty(sessionId: string, folder: string): Promise<void>;
}

export interface PackageInstaller {
  install(name: string, folder: string, packages: SandboxPackages): Promise<void>;
  discard(name: string, folder: string): Promise<void>;
}

/**
 * Installs packages in a sandbox of their own, which reaches the public registries and nothing else. Packages run code when they are
 * installed: it sees no session's files.
 */
export function createPackageInstaller(deps: PackageInstallerDeps): PackageInstaller {
  const sessionOf = (name: string): string => `packages-${name}`;
  return {
    async install(name, folder, packages) {
      const sessionId = sessionOf(name);
      const spec: SandboxSpec = { workspaceId: 'packages', sessionId, environmentId: name };
      const driver = deps.driver();
      deps.announce(sessionId, { network: { mode: 'limited', hosts: PACKAGE_MANAGER_HOSTS }, fills: folder });
      try {
        const keeper = await deps.keeperOf(sessionId);
        if (keeper !== undefined) chownSync(folder, keeper, keeper);
        for (const manager of neededManagers(packages)) {
          const command = installScript(manager, packages[manager]);
          const call = {
            id: `install-${manager}-${Date.now()}`,
            operation: { type: 'bash', command, timeoutMs: INSTALL_MS },
          } as const;
          const outcome = await driver.open(spec).call(call, 'start');
          const problem =
            outcome.state === 'lost' ? outcome.reason : outcome.result.isError ? outcome.result.text : null;
          if (problem !== null) {
            throw new AppError(
              'sandbox_unavailable',
              `The ${manager} packages of the environment (${packages[manager].join(', ')}) cannot be installed: ${problem.trim().slice(-WORDS)}`,
            );
          }
        }
      } catch (error) {
        await driver.stop(sessionId);
        await deps.empty(sessionId, folder);
        throw error;
      } finally {
        await driver.destroy(sessionId);
        deps.announce(sessionId, null);
      }
    },
    async discard(name, folder) {
      if (existsSync(folder)) await deps.empty(sessionOf(name), folder);
    },
  };
}
