import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SandboxPackages } from '../environment.ts';
import type { PackageStore } from './package-cache.ts';

export interface PackageFoldersDeps {
  /** Folder of all sets. */
  base: string;
  /** Fills the set's folder. */
  install(name: string, folder: string, packages: SandboxPackages): Promise<void>;
  /** Removes what an attempt left in the set's folder. */
  discard(name: string, folder: string): Promise<void>;
}

/** Sets of packages in folders of the host, each with a file beside it once it is whole. */
export function createPackageFolders({ base, install, discard }: PackageFoldersDeps): PackageStore {
  const folderOf = (name: string): string => join(base, name);
  const markerOf = (name: string): string => `${folderOf(name)}.done`;
  return {
    find: (name) => Promise.resolve(existsSync(markerOf(name)) ? folderOf(name) : undefined),
    async install(name, packages) {
      const folder = folderOf(name);
      if (existsSync(folder)) await discard(name, folder);
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      await install(name, folder, packages);
      writeFileSync(markerOf(name), JSON.stringify(packages));
      return folder;
    },
  };
}
