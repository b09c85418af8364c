import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, stop } from 'esbuild';

import { removeUnused } from '../host/unused-folders.ts';
import { ADOPTER } from '../../sandboxd/family/adopter.ts';
import { adopterProgram } from '../../sandboxd/family/adopter-program.ts';

/** What every sandbox is started with: sandboxd as JavaScript, and a node to run it. */
export interface RuntimeFiles {
  node: string;
  /** Folders with a `main.cjs`. */
  sandboxd: string;
  egress: string;
  /** Runs beside a container. */
  gate: string;
  browser: string;
  /** Holds `client.cjs` and the kernels of the languages. */
  code: string;
}

/** Programs that run apart from the service. Besides their folders they use {@link SHARED} only. */
const SOURCES = {
  sandboxd: fileURLToPath(new URL('../../sandboxd/', import.meta.url)),
  egress: fileURLToPath(new URL('./egress/', import.meta.url)),
  gate: fileURLToPath(new URL('./docker/gate/', import.meta.url)),
  browser: fileURLToPath(new URL('../../sandboxd/browser/', import.meta.url)),
};

/** Taken along as it is: it loads parts of itself by name. */
const PLAYWRIGHT = dirname(fileURLToPath(import.meta.resolve('playwright-core/package.json')));

/** What the programs share with the service. */
const SHARED = fileURLToPath(new URL('../network/', import.meta.url));

/** Every module of a program, with its text, in a fixed order. */
function sourcesOf(folder: string): [name: string, text: string][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|py)$/.test(name) && !name.endsWith('.test.ts'))
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

/**
 * One CommonJS file per program: looking up two dozen modules, or starting node's module loader for one, would take longer than everything
 * else that a sandbox does when it starts.
 */
function bundle(source: string, target: string): void {
  buildSync({
    entryPoints: [source],
    outfile: target,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    external: ['playwright-core'],
    logLevel: 'silent',
  });
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
  const nodeStats = statSync(nodePath);
  const hash = createHash('sha256').update(`${nodePath} ${nodeStats.size} ${nodeStats.mtimeMs}`);
  for (const source of [...Object.values(SOURCES), SHARED]) hash.update(JSON.stringify(sourcesOf(source)));
  const folder = join(base, 'runtime', hash.digest('hex').slice(0, 16));
  const runtime = {
    node: join(folder, 'node'),
    sandboxd: join(folder, 'sandboxd'),
    egress: join(folder, 'egress'),
    gate: join(folder, 'gate'),
    browser: join(folder, 'browser'),
    code: join(folder, 'code'),
  };
  if (existsSync(folder)) return runtime;

  const building = `${folder}.${randomUUID()}`;
  buildPrograms(building);
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

/** A runtime, a half-made one, or one that is being removed. */
const RUNTIME = /^[0-9a-f]{16}(?:\.[\w.-]+)?$/;
/** What nobody has noted for so long is of a version that no longer runs here. */
const UNUSED_MS = 7 * 24 * 3_600_000;

/** Removes the runtimes of other versions that no worker has noted to use for a week, and no sandbox uses. Returns their names. */
export function removeUnusedRuntimes(base: string, { sandboxd }: RuntimeFiles): string[] {
  const current = dirname(sandboxd);
  return removeUnused(dirname(current), { fits: RUNTIME, current, unusedMs: UNUSED_MS });
}

/** Bundles every program of {@link RuntimeFiles} into a folder of its name below `building`. */
export function buildPrograms(building: string): void {
  for (const [program, source] of Object.entries(SOURCES)) {
    bundle(join(source, 'main.ts'), join(building, program, 'main.cjs'));
  }
  const code = join(SOURCES.sandboxd, 'code');
  for (const name of ['client', 'javascript-kernel'])
    bundle(join(code, `${name}.ts`), join(building, 'code', `${name}.cjs`));
  // Else the bundler's process and thread stay for as long as the worker lives.
  void stop();
  copyFileSync(join(code, 'python-kernel.py'), join(building, 'code', 'python-kernel.py'));
  const modules = join(building, 'browser', 'node_modules');
  cpSync(PLAYWRIGHT, join(modules, 'playwright-core'), { recursive: true });
  openToAll(building);
  const adopter = adopterProgram(process.arch);
  if (adopter !== null) writeFileSync(join(building, 'sandboxd', ADOPTER), adopter, { mode: 0o755 });
}
