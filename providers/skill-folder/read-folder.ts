import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createPackageGate } from '../../core/skills/package-gate.ts';
import { packageError } from '../../core/skills/package-path.ts';
import { toSkillPackage, type SkillFile, type SkillPackage } from '../../core/skills/skill-package.ts';

/** What running scripts leaves behind; no part of a skill. */
const LEFTOVERS = new Set(['__pycache__', 'node_modules', '.git']);

/** One file of a folder, without its content. */
interface Found {
  place: string;
  path: string;
  bytes: number;
  modifiedMs: number;
  mode: number;
}

/**
 * Reads a skill from a folder, by the rules that uploads have.
 *
 * @throws `invalid_request` that says what is wrong with which file.
 */
export async function readSkillFolder(folder: string): Promise<SkillPackage> {
  const gate = createPackageGate();
  const files: SkillFile[] = [];
  for (const found of await filesOf(folder, '')) {
    const relative = gate.file(found.path);
    if (relative === null) continue;
    gate.bytes(found.bytes);
    files.push({
      path: relative,
      bytes: await readFile(found.place),
      executable: (found.mode & 0o111) !== 0,
    });
  }
  return toSkillPackage(files);
}

/** A text that changes when a file of the folder is added, removed or written. */
export async function folderSignature(folder: string): Promise<string> {
  const files = await filesOf(folder, '');
  return files
    .map(({ path: name, bytes, modifiedMs, mode }) => `${name} ${bytes} ${modifiedMs} ${mode}`)
    .join('\n');
}

async function filesOf(folder: string, prefix: string): Promise<Found[]> {
  const names = (await readdir(folder)).filter((name) => !LEFTOVERS.has(name)).sort();
  const found: Found[] = [];
  for (const name of names) {
    const place = path.join(folder, name);
    const { size, mtimeMs, mode, ...kind } = await statOf(place);
    if (kind.isFolder) found.push(...(await filesOf(place, `${prefix}${name}/`)));
    else if (kind.isFile) {
      found.push({ place, path: `${prefix}${name}`, bytes: size, modifiedMs: mtimeMs, mode });
    } else {
      throw packageError(`${prefix}${name}`, 'is neither a file nor a folder; links are not followed.');
    }
  }
  return found;
}

async function statOf(place: string) {
  const status = await lstat(place);
  const { size, mtimeMs, mode } = status;
  return { size, mtimeMs, mode, isFile: status.isFile(), isFolder: status.isDirectory() };
}
