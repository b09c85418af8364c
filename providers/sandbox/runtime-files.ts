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
  /** Folders with a `main.js`. */
  sandboxd: string;
  egress: string;
}

/** Programs that run apart from the service. Each folder stands for itself: only its types come from elsewhere. */
const SOURCES = {
  sandboxd: fileURLToPath(new URL('../../sandboxd/', import.meta.url)),
  egress: fileURLToPath(new URL('./egress/', import.meta.url)),
};

/** What a program's `main.ts` leads to, by following its imports, so that nothing else of the folder is handed out. */
function sourceFiles(folder: string, file = 'main.ts', found: string[] = []): string[] {
  if (found.includes(file)) return found;
  found.push(file);
  for (const [, path = ''] of toJavaScript(readFileSync(join(folder, file), 'utf8')).matchAll(
    / from '(\.[^']*)\.js'/g,
  )) {
    sourceFiles(folder, relative(folder, join(folder, dirname(file), `${path}.ts`)), found);
  }
  return found.sort();
}

/** Turns a module into JavaScript: types are removed, and imports name the new files. */
function toJavaScript(source: string): string {
  return stripTypeScriptTypes(source).replace(
    /^((?:import|export|\} from)[^;]*?from '\.[^']*)\.ts';/gm,
    "$1.js';",
  );
}

function openToAll(path: string): void {
  const isFolder = statSync(path).isDirectory();
  chmodSync(path, isFolder ? 0o755 : 0o644);
  if (isFolder) for (const name of readdirSync(path)) openToAll(join(path, name));
}

/**
 * Puts the runtime where the sandboxes' users can reach it: a checkout may lie in a folder that is closed to them. It is made once per
 * content: the folder's name is the hash of the sources and of node's identity.
 */
export function prepareRuntime(base: string, nodePath: string): RuntimeFiles {
  const programs = Object.entries(SOURCES).map(([program, folder]) => ({
    program,
    folder,
    names: sourceFiles(folder),
  }));
  const nodeStats = statSync(nodePath);
  const hash = createHash('sha256').update(`${nodePath} ${nodeStats.size} ${nodeStats.mtimeMs}`);
  for (const { folder, names } of programs) {
    for (const name of names) hash.update(name).update(readFileSync(join(folder, name)));
  }
  const folder = join(base, 'runtime', hash.digest('hex').slice(0, 16));
  const runtime = {
    node: join(folder, 'node'),
    sandboxd: join(folder, 'sandboxd'),
    egress: join(folder, 'egress'),
  };
  if (existsSync(folder)) return runtime;

  const building = `${folder}.${process.pid}-${Date.now()}`;
  for (const { program, folder: source, names } of programs) {
    for (const name of names) {
      const target = join(building, program, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, toJavaScript(readFileSync(join(source, name), 'utf8')));
    }
    writeFileSync(join(building, program, 'package.json'), '{"type":"module"}\n');
  }
  openToAll(building);
  try {
    // A second name for the same file costs nothing, and all sandboxes share its pages; another file system needs a copy.
    if ((nodeStats.mode & 0o005) !== 0o005) throw new Error('others cannot run it');
    linkSync(nodePath, join(building, 'node'));
  } catch {
    copyFileSync(nodePath, join(building, 'node'));
    chmodSync(join(building, 'node'), 0o755);
  }
  try {
    renameSync(building, folder);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(folder)) {
      throw new Error(`the sandbox runtime cannot be placed in ${base}`, { cause: error });
    }
  }
  return runtime;
}
