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
      { place: `/proc/${pid}`, group: 7 },
      { place: `/proc/${pid}`, group: 7 },
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

it('goes on counting the whole of a file of which only a part is mapped any more', async () => {
  const program = `import ctypes, os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.write(file, bytes(3 << 20)); os.remove(sys.argv[1])
print(flush=True); sys.stdin.readline()
ctypes.CDLL(None).mmap(None, ctypes.c_size_t(4096), 1, 1, file, ctypes.c_long(0)); os.close(file)
print(flush=True); sys.stdin.readline()`;
  const child = spawn('python3', ['-c', program, join(folder, 'mapped')]);
  try {
    const rows = [{ place: `/proc/${child.pid}`, group: 7 }];
    const sizes = new Map<string, number>();
    const look = () => deletedFiles(rows, new Set([statSync(folder).dev]), sizes).bytes;
    await once(child.stdout, 'data');
    const open = look();
    expect(open).toBeGreaterThanOrEqual(3 * MIB);
    child.stdin.write('\n');
    await once(child.stdout, 'data');
    expect(look()).toBe(open);
  } finally {
    child.kill('SIGKILL');
  }
});
