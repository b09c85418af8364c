import { isAppError } from '../../../core/errors.ts';
import type { SandboxEnvironment, SandboxPackages } from '../environment.ts';
import type { InstalledPackages, PackageCache } from './package-cache.ts';

/**
 * Installs what a sandbox is to have: all that is wished for, or, where that cannot be had, what its environment insists on. Rejects with
 * `sandbox_unavailable` when that fails too.
 *
 * @param log - told of wishes that were not fulfilled.
 */
export async function installedFor(
  cache: PackageCache,
  { packages, wished }: SandboxEnvironment,
  log: (message: string, details: Record<string, string>) => void,
): Promise<{ installed: InstalledPackages; packages: SandboxPackages } | null> {
  for (const list of [wished, packages]) {
    try {
      const installed = list === undefined ? null : await cache.ensure(list);
      if (list !== undefined && installed !== null) return { installed, packages: list };
    } catch (error) {
      if (list !== wished || !isAppError(error)) throw error;
      log('packages that skills need are left out', { reason: error.message });
    }
  }
  return null;
}
