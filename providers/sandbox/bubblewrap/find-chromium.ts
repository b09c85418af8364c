import { existsSync, realpathSync } from 'node:fs';

/** Where distributions put it. Programs outside /usr can't be seen from a sandbox, and a snap can't run in one. */
const PLACES = [
  '/usr/lib/chromium/chromium',
  '/usr/bin/chromium',
  '/usr/lib64/chromium-browser/chromium-browser',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The host's Chromium for the browsers of sandboxes, or null. */
export function findChromium(): string | null {
  const found = PLACES.find((place) => existsSync(place) && realpathSync(place).startsWith('/usr/'));
  return found ?? null;
}
