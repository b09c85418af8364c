import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPackageFolders } from './package-folders.ts';

const DAY_MS = 24 * 3_600_000;
const PACKAGES = { pip: ['a'], npm: [], apt: [], cargo: [], gem: [], go: [] };
let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'packages-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function open() {
  const discarded: string[] = [];
  const folders = createPackageFolders({
    base,
    install: async (_name, folder) => writeFileSync(join(folder, 'module'), ''),
    async discard(name, folder) {
      discarded.push(name);
      rmSync(join(folder, 'module'));
    },
  });
  return { folders, discarded };
}
function age(name: string, days: number): void {
  const then = new Date(Date.now() - days * DAY_MS);
  utimesSync(join(base, `${name}.done`), then, then);
}

it('removes sets that no sandbox was started with for long, and installs them anew when one is', async () => {
  const { folders, discarded } = open();
  for (const name of ['old', 'young', 'found']) await folders.install(name, PACKAGES);
  age('old', 91);
  age('found', 91);
  age('young', 89);
  expect(await folders.find('found')).toBe(join(base, 'found'));
  expect(await folders.removeUnused(90 * DAY_MS)).toEqual(['old']);
  expect(discarded).toEqual(['old']);
  expect(readdirSync(base).sort()).toEqual(['found', 'found.done', 'young', 'young.done']);
  expect(await folders.find('old')).toBeUndefined();
  expect(await folders.install('old', PACKAGES)).toBe(join(base, 'old'));
  expect(await folders.find('old')).toBe(join(base, 'old'));
});

it('keeps a set that a running sandbox has, however long it runs', async () => {
  const { folders } = open();
  await folders.install('4a5b6c7d8e9f', PACKAGES);
  age('4a5b6c7d8e9f', 400);
  const sandbox = spawn('/bin/sh', ['-c', 'echo; read _', join(base, '4a5b6c7d8e9f')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(sandbox.stdout, 'data');
  expect(await folders.removeUnused(90 * DAY_MS)).toEqual([]);
  sandbox.stdin.end();
  await once(sandbox, 'close');
  expect(await folders.removeUnused(90 * DAY_MS)).toEqual(['4a5b6c7d8e9f']);
  expect(existsSync(join(base, '4a5b6c7d8e9f'))).toBe(false);
});
