import { existsSync, readFileSync } from 'node:fs';

/**
 * Exits with 0 when node_modules holds what package-lock.json names, version by version. Runs on any Node.js 20 and needs no package.
 * Optional packages may be missing, since those of other platforms are.
 */
const INSTALLED = 'node_modules/.package-lock.json';

function isComplete() {
  if (!existsSync(INSTALLED)) return false;
  const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const installed = JSON.parse(readFileSync(INSTALLED, 'utf8')).packages;
  return Object.entries(wanted).every(([folder, { version, optional, peer, link }]) => {
    if (folder === '' || link) return true;
    if (!(folder in installed)) return Boolean(optional || peer);
    return installed[folder].version === version && existsSync(`${folder}/package.json`);
  });
}

process.exit(isComplete() ? 0 : 1);
