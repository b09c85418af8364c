import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const STAMP = 'built-from.txt';
// Nearly as small as the best, in a tenth of the time.
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** Where the console's sources lie and its build goes, in a checkout. */
export function consoleFolders(root: string): { sources: string; built: string } {
  const sources = path.join(root, 'console');
  return { sources, built: path.join(sources, 'dist') };
}

/** Whether the built console is the one that these sources and packages give. */
export function isConsoleBuilt(root: string): boolean {
  const stamp = path.join(consoleFolders(root).built, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash(root);
}

/**
 * Builds the console. The build is made beside the folder and takes its place when it is whole, so that an api that runs meanwhile
 * serves either the old one or the new one. Throws when it fails, for instance because the packages for development are not installed.
 */
export async function buildConsole(root: string): Promise<void> {
  const { sources, built } = consoleFolders(root);
  const hash = sourcesHash(root);
  const fresh = `${built}.${process.pid}`;
  try {
    // Loaded here, since an installation without the packages for development has none.
    const { build } = await import('vite');
    await build({
      root: sources,
      configFile: path.join(sources, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: fresh, emptyOutDir: true },
    });
    compressAssets(path.join(fresh, 'assets'));
    writeFileSync(path.join(fresh, STAMP), hash);
    const old = `${built}.old.${process.pid}`;
    if (existsSync(built)) renameSync(built, old);
    renameSync(fresh, built);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Writes a compressed copy beside each script and style sheet. */
function compressAssets(assets: string): void {
  for (const name of readdirSync(assets).filter((file) => /\.(js|css)$/.test(file))) {
    writeFileSync(
      path.join(assets, `${name}.br`),
      brotliCompressSync(readFileSync(path.join(assets, name)), BROTLI),
    );
  }
}

/** Of all that goes into a build: the sources, by name and content, and the versions of the packages. */
function sourcesHash(root: string): string {
  const { sources } = consoleFolders(root);
  const hash = createHash('sha256');
  const names = readdirSync(sources, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(sources, path.join(entry.parentPath, entry.name)))
    .filter((name) => !/^dist[./]/.test(name) && !/\.test\.tsx?$/.test(name))
    .toSorted();
  for (const name of names)
    hash
      .update(`${name}\0`)
      .update(readFileSync(path.join(sources, name)))
      .update('\0');
  hash.update(readFileSync(path.join(root, 'package-lock.json')));
  return hash.digest('hex');
}
