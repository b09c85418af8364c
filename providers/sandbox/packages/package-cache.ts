import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { isAppError, type AppError } from '../../../core/errors.ts';
import { withHostLock } from '../host-lock.ts';
import type { SandboxPackages } from '../environment.ts';
import { neededManagers } from './install-script.ts';

/** An attempt that failed is not repeated for this long: its answer would be the same, and late. */
const FAILURE_MS = 60_000;

/** A set of packages, installed once and shared, read-only, by all sessions that want the same. */
export interface InstalledPackages {
  /** What sandboxes see as `/opt/packages`, in the words of its {@link PackageStore}. */
  place: string;
}

/** Where a driver keeps sets of packages: each at a place of its own, such as a folder of the host. */
export interface PackageStore {
  /** The place of a set that was installed in whole. */
  find(name: string): Promise<string | undefined>;
  /**
   * Has a set installed at a place of its own, in a sandbox of its own; the answer is where it is found from now on. What an earlier attempt
   * left is not in its way. Rejects with `sandbox_unavailable` and the manager's words. Called with the set's lock held.
   */
  install(name: string, packages: SandboxPackages): Promise<string>;
}

export interface PackageCache {
  /** Installs the packages unless they are; null when there are none. Waits for whoever installs them already. */
  ensure(packages: SandboxPackages | undefined): Promise<InstalledPackages | null>;
}

/** @param locks - folder of the locks that keep this host from installing a set twice at the same time. */
export function createPackageCache(store: PackageStore, locks: string): PackageCache {
  const failures = new Map<string, { at: number; error: AppError }>();
  return {
    async ensure(packages) {
      if (packages === undefined || neededManagers(packages).length === 0) return null;
      const name = createHash('sha256').update(JSON.stringify(packages)).digest('hex').slice(0, 24);
      const known = await store.find(name);
      if (known !== undefined) return { place: known };
      const failure = failures.get(name);
      if (failure !== undefined && Date.now() - failure.at < FAILURE_MS) throw failure.error;
      return withHostLock(join(locks, `packages-${name}.lock`), async () => {
        const place = await store.find(name);
        if (place !== undefined) return { place };
        try {
          return { place: await store.install(name, packages) };
        } catch (error) {
          if (isAppError(error)) failures.set(name, { at: Date.now(), error });
          throw error;
        }
      });
    },
  };
}
