import { readHostEnvironment } from '../config.ts';
import { isAppError } from '../core/errors.ts';
import { installSystemPackages } from './system-packages.ts';
import { installTemporal } from './install-temporal.ts';

/** The part of `npm run setup` that runs on the project's own Node.js: system packages, then the Temporal server. */
const say = (line: string): void => console.log(line);

try {
  installSystemPackages(readHostEnvironment(), say);
  await installTemporal(readHostEnvironment(), say);
  say('Set-up is complete.');
} catch (error) {
  console.error(isAppError(error) ? error.message : error);
  process.exit(1);
}
