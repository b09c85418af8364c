import { existsSync, lstatSync, readlinkSync } from 'node:fs';

import type { TopFolder } from './arguments.ts';

/** The folders beside /usr that hold programs and libraries, as this host has them. */
export function topFolders(): TopFolder[] {
  return ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']
    .filter((name) => existsSync(`/${name}`))
    .map((name) =>
      lstatSync(`/${name}`).isSymbolicLink() ? { name, link: readlinkSync(`/${name}`) } : { name },
    );
}
