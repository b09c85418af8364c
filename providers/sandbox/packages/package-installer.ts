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
  /** The place that it fills, as the driver's store of packages has it. */
  fills: string;
}

export interface PackageInstallerDeps {
  driver(): SandboxDriver;
  /** Told before the sandbox of `sessionId` is started, and undone afterwards. */
  announce(sessionId: string, environment: InstallerEnvironment | null): void;
  /** Gives the place over to the user that sandboxd of this session runs as. */
  entrust(sessionId: string, place: string): Promise<void>;
  /** Empties a place that the sandbox of `sessionId` filled. */
  empty(sessionId: string, place: string): Promise<void>;
}

export interface PackageInstaller {
  install(name: string, place: string, packages: SandboxPackages): Promise<void>;
  /** Removes what an attempt left there. */
  discard(name: string, place: string): Promise<void>;
}

/**
 * Installs packages in a sandbox of their own, which reaches the public registries and nothing else. Packages run code when they are
 * installed: it sees no session's files.
 */
export function createPackageInstaller(deps: PackageInstallerDeps): PackageInstaller {
  const sessionOf = (name: string): string => `packages-${name}`;
  return {
    async install(name, place, packages) {
      const sessionId = sessionOf(name);
      const spec: SandboxSpec = { workspaceId: 'packages', sessionId, environmentId: name };
      const driver = deps.driver();
      deps.announce(sessionId, { network: { mode: 'limited', hosts: PACKAGE_MANAGER_HOSTS }, fills: place });
      try {
        await deps.entrust(sessionId, place);
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
        await deps.empty(sessionId, place);
        throw error;
      } finally {
        await driver.destroy(sessionId);
        deps.announce(sessionId, null);
      }
    },
    discard: (name, place) => deps.empty(sessionOf(name), place),
  };
}
