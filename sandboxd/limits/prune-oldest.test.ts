import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { pruneOldest } from './prune-oldest.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prune-'));
  for (const [index, name] of ['oldest', 'older', 'newest'].entries()) {
    writeFileSync(join(folder, name), 'x'.repeat(10));
    utimesSync(join(folder, name), index + 1, index + 1);
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('removes the oldest until the rest is small enough, and says which', () => {
  expect(pruneOldest(folder, 20)).toEqual(['oldest']);
  expect(readdirSync(folder).sort()).toEqual(['newest', 'older']);
});
it('keeps the newest whatever its size, and what is not to be pruned, and folders', () => {
  mkdirSync(join(folder, 'folder'));
  expect(pruneOldest(folder, 1, (name) => name !== 'oldest')).toEqual(['older']);
  expect(readdirSync(folder).sort()).toEqual(['folder', 'newest', 'oldest']);
});
