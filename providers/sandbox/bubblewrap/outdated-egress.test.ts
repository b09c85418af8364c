import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, vi } from 'vitest';

import { outdatedEgress } from './outdated-egress.ts';

it.skipIf(process.platform !== 'linux')(
  'finds the egress processes of other versions in the same folder, and no others (needs /proc)',
  async () => {
    const base = mkdtempSync(join(tmpdir(), 'outdated-'));
    const programs = [
      'runtime/old/egress/main.cjs',
      'runtime/new/egress/main.cjs',
      'elsewhere/old/egress/main.cjs',
    ];
    const children = programs.map((name) => {
      const path = join(base, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'setInterval(() => {}, 1_000);');
      // The last word names a program of another version, as that of a search would.
      return spawn(process.execPath, [path, join(base, 'runtime/old/egress/main.cjs')], { stdio: 'ignore' });
    });
    const find = (): number[] =>
      outdatedEgress(join(base, 'runtime'), join(base, 'runtime/new/egress/main.cjs'));
    try {
      await vi.waitFor(() => expect(find()).toEqual([children[0]?.pid]));
    } finally {
      for (const child of children) child.kill('SIGKILL');
      rmSync(base, { recursive: true });
    }
  },
);
