import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { usedPaths } from '../../host/unused-folders.ts';
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

export interface PackageFolders extends PackageStore {
  /** Removes sets that no sandbox was started with for so long, and none runs with. Returns their names. */
  removeUnused(unusedMs: number): Promise<string[]>;
}

const DONE = '.done';
const LEAVING = '.leaving';

/** Sets of packages in folders of the host, each with a file beside it once it is whole: its time is that of its last use. */
export function createPackageFolders({ base, install, discard }: PackageFoldersDeps): PackageFolders {
  const folderOf = (name: string): string => join(base, name);
  const markerOf = (name: string): string => `${folderOf(name)}${DONE}`;

  /** Notes that the set is used; false when it is not there. */
  function use(name: string): boolean {
    try {
      utimesSync(markerOf(name), new Date(), new Date());
      return true;
    } catch {
      return false;
    }
  }

  /** Takes a set away from those who look for it, unless one found it a moment ago. */
  function takeAway(name: string, unusedMs: number): boolean {
    const isOld = (file: string): boolean => Date.now() - statSync(file).mtimeMs >= unusedMs;
    const aside = `${markerOf(name)}${LEAVING}`;
    if (!isOld(markerOf(name))) return false;
    renameSync(markerOf(name), aside);
    if (isOld(aside)) return true;
    renameSync(aside, markerOf(name));
    return false;
  }

  return {
    find: (name) => Promise.resolve(use(name) ? folderOf(name) : undefined),
    async removeUnused(unusedMs) {
      if (!existsSync(base)) return [];
      const removed: string[] = [];
      const used = usedPaths();
      const names = readdirSync(base).flatMap((file) =>
        file.endsWith(DONE) ? [file.slice(0, -DONE.length)] : [],
      );
      for (const name of names) {
        if (used.includes(`/${name}`) || !takeAway(name, unusedMs)) continue;
        await discard(name, folderOf(name));
        rmSync(folderOf(name), { recursive: true, force: true });
        rmSync(`${markerOf(name)}${LEAVING}`, { force: true });
        removed.push(name);
      }
      return removed;
    },
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
