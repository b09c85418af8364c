import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { deletedFiles } from './deleted-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'deleted-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const MIB = 1024 * 1024;

it('counts deleted files that processes hold, each once, and who holds them', async () => {
  const script =
    'exec 3<>"$1"; head -c 3M /dev/zero >&3; rm "$1"; (exec sleep 60) & sleep 0.1; echo; exec cat';
  const child = spawn('bash', ['-c', script, 'bash', join(folder, 'gone')], { detached: true });
  await once(child.stdout, 'data');
  const { pid = 0 } = child;
  try {
    const rows = [
      { pid, group: 7 },
      { pid, group: 7 },
    ];
    const found = deletedFiles(rows, new Set([statSync(folder).dev]));
    expect(found.bytes).toBeGreaterThanOrEqual(3 * MIB);
    expect(found.bytes).toBeLessThan(4 * MIB);
    expect([...found.holders]).toEqual([7]);
    expect(deletedFiles(rows, new Set([-1])).bytes).toBe(0);
  } finally {
    process.kill(-pid, 'SIGKILL');
  }
});
