import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What every sandbox is started with: sandboxd as JavaScript, and a node to run it. */
export interface RuntimeFiles {
  node: string;
  /** The folder with `main.js`. */
  sandboxd: string;
}

const SOURCE = fileURLToPath(new URL('../../sandboxd/', import.meta.url));

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort();
}

/** Turns a module of sandboxd into JavaScript: types are removed, and imports name the new files. */
function toJavaScript(source: string): string {
  return stripTypeScriptTypes(source).replace(
    /^((?:import|export|\} from)[^;]*?from '\.[^']*)\.ts';/gm,
    "$1.js';",
  );
}

/**
 * Puts the runtime where the sandboxes' users can reach it: a checkout may lie in a folder that is closed to them. It is made once per
 * content: the folder's name is the hash of the sources and of node's identity.
 */
export function prepareRuntime(base: string, nodePath: string): RuntimeFiles {
  const names = sourceFiles(SOURCE);
  const hash = createHash('sha256');
  const nodeStats = statSync(nodePath);
  hash.update(`${nodePath} ${nodeStats.size} ${nodeStats.mtimeMs}`);
  for (const name of names) hash.update(name).update(readFileSync(join(SOURCE, name)));
  const folder = join(base, 'runtime', hash.digest('hex').slice(0, 16));
  const runtime = { node: join(folder, 'node'), sandboxd: join(folder, 'sandboxd') };
  if (existsSync(folder)) return runtime;

  const building = `${folder}.${process.pid}-${Date.now()}`;
  mkdirSync(join(building, 'sandboxd'), { recursive: true });
  for (const name of names) {
    const target = join(building, 'sandboxd', name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, toJavaScript(readFileSync(join(SOURCE, name), 'utf8')));
  }
  writeFileSync(join(building, 'sandboxd', 'package.json'), '{"type":"module"}\n');
  try {
    // A second name for the same file costs nothing; another file system needs a copy.
    linkSync(nodePath, join(building, 'node'));
  } catch {
    copyFileSync(nodePath, join(building, 'node'));
    chmodSync(join(building, 'node'), 0o755);
  }
  for (const part of [
    '.',
    'sandboxd',
    ...readdirSync(join(building, 'sandboxd'), { recursive: true, encoding: 'utf8' }).map((name) =>
      join('sandboxd', name),
    ),
  ]) {
    const path = join(building, part);
    chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644);
  }
  try {
    renameSync(building, folder);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(folder))
      throw new Error(`the sandbox runtime cannot be placed in ${relative('.', base)}`, { cause: error });
  }
  return runtime;
}
