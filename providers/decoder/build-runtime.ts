import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { buildSync } from 'esbuild';

/**
 * `node build-runtime.ts FOLDER NAME=MODULE…`: bundles the process that decodes, and the module of each kind of job. It runs as a program
 * of its own, since bundling takes a second or two that no request should wait for.
 */
const [folder = '', ...modules] = process.argv.slice(2);
const here = import.meta.dirname;

/** Taken along as they are: they load machine code by its place. */
const WHOLE = /^(?:sharp|@img\/.*|detect-libc|semver)$/;

/** The installed packages of those names, which lie beside one another. */
function wholePackages(): { name: string; place: string }[] {
  const modulesOf = (file: string): string =>
    file.slice(0, file.lastIndexOf('node_modules') + 'node_modules'.length);
  const root = modulesOf(createRequire(import.meta.url).resolve('sharp'));
  return readdirSync(root)
    .flatMap((name) =>
      name === '@img' ? readdirSync(path.join(root, name)).map((inner) => `${name}/${inner}`) : [name],
    )
    .filter((name) => WHOLE.test(name))
    .map((name) => ({ name, place: realpathSync(path.join(root, name)) }));
}

/** Others than the service's user read it. */
function openToAll(place: string): void {
  const isFolder = lstatSync(place).isDirectory();
  chmodSync(place, isFolder ? 0o755 : 0o644);
  if (isFolder) for (const name of readdirSync(place)) openToAll(path.join(place, name));
}

buildSync({
  entryPoints: {
    main: path.join(here, 'process-main.ts'),
    ...Object.fromEntries(
      modules.map((given) => {
        const at = given.indexOf('=');
        return [`jobs/${given.slice(0, at)}`, given.slice(at + 1)];
      }),
    ),
  },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  external: ['sharp', './jobs/*'],
  // Packages of the older kind ask for node's own modules by `require`, and where they are by `__dirname`.
  banner: {
    js: "import { createRequire as requireMaker } from 'node:module'; const require = requireMaker(import.meta.url); const { dirname: __dirname, filename: __filename } = import.meta;",
  },
  logLevel: 'silent',
});
mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
for (const { name, place } of wholePackages()) {
  const target = path.join(folder, 'node_modules', name);
  // Links lead to programs that nobody runs here, and out of the folder.
  cpSync(place, target, { recursive: true, filter: (source) => !lstatSync(source).isSymbolicLink() });
}
openToAll(folder);
