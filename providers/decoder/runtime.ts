import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { hasSeccompFilter, seccompFilter } from '../sandbox/bubblewrap/seccomp.ts';

/** What a decoder process is started with, in a folder of its own that others may read. */
export interface DecoderRuntime {
  folder: string;
  node: string;
  /** The bundled program, in the folder. */
  main: string;
  /** The system call filter as bwrap takes it; null where this processor has none, and bwrap is of no use. */
  filter: string | null;
}

/** The modules that read, by the kind of job. */
export const JOB_MODULES: Readonly<Record<string, string>> = Object.fromEntries(
  ['image', 'pdf', 'page', 'skill', 'frontmatter'].map((kind) => [
    kind,
    path.join(import.meta.dirname, 'jobs', `${kind}.ts`),
  ]),
);

const ROOT = path.join(import.meta.dirname, '../..');
/** What the bundles are made of; the packages are pinned in the lock file. */
const SOURCES = [
  'providers/decoder',
  'providers/image',
  'providers/document',
  'providers/web',
  'providers/skill-archive',
  'core',
];
const FILTER = 'seccomp.bpf';
const PINS = ['package.json', 'package-lock.json'];

function sourcesOf(folder: string): [name: string, text: string][] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort()
    .map((name) => [name, readFileSync(path.join(ROOT, folder, name), 'utf8')]);
}

/**
 * Puts the runtime where a user without rights can read it: a checkout may lie in a folder that is closed to others. It is made once per
 * content, which takes a second or two; the folder's name is the hash of the sources and of node's identity.
 *
 * @param base - a folder that others may pass through.
 * @param modules - by kind; those that are not {@link JOB_MODULES} are tests.
 */
export async function prepareDecoderRuntime(
  base: string,
  nodePath: string,
  modules: Readonly<Record<string, string>> = JOB_MODULES,
): Promise<DecoderRuntime> {
  const node = statSync(nodePath);
  const hash = createHash('sha256').update(`${nodePath} ${node.size} ${node.mtimeMs} ${process.arch}`);
  const filter =
    process.platform === 'linux' && hasSeccompFilter(process.arch)
      ? seccompFilter(process.arch, 'reader')
      : null;
  if (filter !== null) hash.update(filter);
  for (const source of SOURCES) hash.update(JSON.stringify(sourcesOf(source)));
  for (const pins of PINS.map((name) => path.join(ROOT, name))) {
    if (existsSync(pins)) hash.update(readFileSync(pins));
  }
  for (const [kind, file] of Object.entries(modules)) hash.update(`${kind} ${readFileSync(file, 'utf8')}`);
  const folder = path.join(base, 'runtime', `decoder-${hash.digest('hex').slice(0, 16)}`);
  const runtime = {
    folder,
    node: path.join(folder, 'node'),
    main: 'main.mjs',
    filter: filter === null ? null : path.join(folder, FILTER),
  };
  if (existsSync(folder)) return runtime;

  const building = `${folder}.${randomUUID()}`;
  const words = Object.entries(modules).map(([kind, file]) => `${kind}=${file}`);
  try {
    await promisify(execFile)(
      process.execPath,
      [path.join(import.meta.dirname, 'build-runtime.ts'), building, ...words],
      {
        env: {},
      },
    );
    placeNode(nodePath, path.join(building, 'node'));
    if (filter !== null) writeFileSync(path.join(building, FILTER), filter, { mode: 0o644 });
    renameSync(building, folder);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    // Another process of the service was faster.
    if (!existsSync(folder)) {
      throw new Error(`the decoder cannot be placed in ${base}: ${lastWords(error)}`, { cause: error });
    }
  }
  return runtime;
}

/** What the bundler said at last: a line such as `Error: EACCES: …`. */
function lastWords(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').findLast((line) => /^\w*Error/.test(line)) ?? text.slice(0, 200);
}

/** A second name for the same file costs nothing, and all processes share its pages; another file system needs a copy. */
function placeNode(from: string, to: string): void {
  try {
    if ((statSync(from).mode & 0o005) !== 0o005) throw new Error('others cannot run it');
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  }
}
