import type Docker from 'dockerode';

import type { SandboxEnvironment, SandboxPackages } from '../environment.ts';
import { installedFor } from '../packages/installed-for.ts';
import { createPackageCache } from '../packages/package-cache.ts';
import { createPackageInstaller, type InstallerEnvironment } from '../packages/package-installer.ts';
import type { SandboxDriver } from '../sandbox.ts';
import { ignoreMissing } from './engine.ts';
import { createPackageVolumes } from './package-volumes.ts';

/** A volume of packages in a sandbox, which reads or fills it. */
export interface PackagesMount {
  volume: string;
  use: 'read' | 'install';
  /** What it holds. */
  packages: SandboxPackages | undefined;
}

export interface DockerPackagesDeps {
  engine: Docker;
  instance: string;
  /** Folder of locks. */
  locks: string;
  driver(): SandboxDriver;
  log(message: string, details?: Record<string, string | number>): void;
}

/** Packages of environments, installed once into a volume by a sandbox of their own, and read by all sessions that want the same. */
export interface DockerPackages {
  /** What the sandbox is started with that installs packages; undefined: it is a session's. */
  installing(sessionId: string): InstallerEnvironment | undefined;
  /** Installs what is not installed yet. */
  mountFor(environment: SandboxEnvironment | InstallerEnvironment): Promise<PackagesMount | null>;
}

export function createDockerPackages(deps: DockerPackagesDeps): DockerPackages {
  const { engine, instance, locks, driver, log } = deps;
  const installers = new Map<string, InstallerEnvironment>();
  const installer = createPackageInstaller({
    driver,
    announce(sessionId, environment) {
      if (environment === null) installers.delete(sessionId);
      else installers.set(sessionId, environment);
    },
    // sandboxd hands the volume over, as it does with all of the agent's folders.
    entrust: () => Promise.resolve(),
    empty: (_sessionId, volume) => ignoreMissing(engine.getVolume(volume).remove()),
  });
  const store = createPackageVolumes({ engine, instance, install: installer.install });
  const cache = createPackageCache(store, locks);
  return {
    installing: (sessionId) => installers.get(sessionId),
    async mountFor(environment) {
      if ('fills' in environment) {
        return { volume: environment.fills, use: 'install', packages: undefined };
      }
      const ready = await installedFor(cache, environment, log);
      return ready && { volume: ready.installed.place, use: 'read', packages: ready.packages };
    },
  };
}
