import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isAppError, type AppError } from '../../../core/errors.ts';
import { withHostLock } from '../host-lock.ts';
import type { SandboxPackages } from '../environment.ts';
import { neededManagers } from './install-script.ts';

/** An attempt that failed is not repeated for this long: its answer would be the same, and late. */
const FAILURE_MS = 60_000;

/** A set of packages, installed once on this host and shared, read-only, by all sessions that want the same. */
export interface InstalledPackages {
  /** Host folder that sandboxes see as `/opt/packages`. */
  folder: string;
}

export interface PackageCacheDeps {
  /** Folder of all sets. */
  base: string;
  locks: string;
  /** Installs a set in `folder`, in a sandbox of its own. Rejects with `sandbox_unavailable` and the manager's words. */
  install(name: string, folder: string, packages: SandboxPackages): Promise<void>;
  /** Removes what an attempt left. */
  discard(name: string, folder: string): Promise<void>;
}

export interface PackageCache {
  /** Installs the packages unless they are; null when there are none. Waits for whoever installs them already. */
  ensure(packages: SandboxPackages | undefined): Promise<InstalledPackages | null>;
}

export function createPackageCache(deps: PackageCacheDeps): PackageCache {
  const failures = new Map<string, { at: number; error: AppError }>();
  return {
    async ensure(packages) {
      if (packages === undefined || neededManagers(packages).length === 0) return null;
      const name = createHash('sha256').update(JSON.stringify(packages)).digest('hex').slice(0, 24);
      const folder = join(deps.base, name);
      const marker = `${folder}.done`;
      if (existsSync(marker)) return { folder };
      const failure = failures.get(name);
      if (failure !== undefined && Date.now() - failure.at < FAILURE_MS) throw failure.error;
      return withHostLock(join(deps.locks, `packages-${name}.lock`), async () => {
        if (existsSync(marker)) return { folder };
        await deps.discard(name, folder);
        mkdirSync(folder, { recursive: true, mode: 0o755 });
        try {
          await deps.install(name, folder, packages);
        } catch (error) {
          if (isAppError(error)) failures.set(name, { at: Date.now(), error });
          throw error;
        }
        writeFileSync(marker, JSON.stringify(packages));
        return { folder };
      });
    },
  };
}
