import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { inGroups } from './enter-groups.ts';

it('starts a program in its groups, and without those that cannot be entered', () => {
  const folder = mkdtempSync(join(tmpdir(), 'groups-'));
  const files = [join(folder, 'a'), join(folder, 'missing/b'), join(folder, 'c d')];
  const [program = '', ...words] = inGroups(files, ['/bin/sh', '-c', 'echo $$ "$1"', 'sh', 'an argument']);
  const { stdout, stderr, status } = spawnSync(program, words, { encoding: 'utf8' });
  expect(status).toBe(0);
  const pid = /^(\d+) an argument\n$/.exec(stdout)?.[1];
  expect(pid).toBeDefined();
  for (const name of ['a', 'c d']) expect(readFileSync(join(folder, name), 'utf8').trim()).toBe(pid);
  expect(stderr).toContain('missing/b');
  rmSync(folder, { recursive: true });
});
it('changes nothing where there are no groups', () => {
  expect(inGroups([], ['node', 'main.cjs'])).toEqual(['node', 'main.cjs']);
});
