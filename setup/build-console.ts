import { fileURLToPath } from 'node:url';
import { buildConsole, isConsoleBuilt } from './console-build.ts';

/**
 * `npm run console:build`: builds the console unless the build is the one of these sources. A program of its own, so that the builder's
 * memory goes when it is done.
 */
const root = fileURLToPath(new URL('../', import.meta.url));

try {
  if (!isConsoleBuilt(root)) await buildConsole(root);
} catch (error) {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  console.error(
    isMissing
      ? 'The console cannot be built: the npm packages for development are not installed (npm ci --include=dev).'
      : error,
  );
  process.exitCode = 1;
}
