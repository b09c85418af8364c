import { fileURLToPath } from 'node:url';
import { buildConsole, isConsoleBuilt } from './console-build.ts';

/**
 * `npm run console:build`: builds the console unless the build is the one of these sources. A program of its own, so that the builder's
 * memory goes when it is done.
 */
const root = fileURLToPath(new URL('../', import.meta.url));

if (!isConsoleBuilt(root)) await buildConsole(root);
