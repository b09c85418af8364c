import { afterAll, describe, expect, it } from 'vitest';

import { createSandboxLab } from '../../testing/sandbox-lab.ts';
import { NO_CGROUPS } from '../cgroups.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const python = (body: string): string =>
  `/usr/bin/python3 - <<'END'\n${body}\ntime.sleep(20); print("kept")\nEND`;

describe('where no control group counts it, memory is bounded also that is', () => {
  const lab = createSandboxLab({ cgroups: NO_CGROUPS, limits: { memoryBytes: 128 * MIB, dataBytes: GIB } });
  afterAll(() => lab.close());

  it.each([
    [
      'shared and let go of',
      `import mmap, time
kept = mmap.mmap(-1, 400 << 20)
for start in range(0, 400 << 20, 4 << 20):
  kept[start:start + (4 << 20)] = b"x" * (4 << 20)
  kept.madvise(mmap.MADV_DONTNEED, start, 4 << 20)`,
    ],
    [
      'tables of pages',
      `import ctypes, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_size_t
at = libc.mmap(0, ctypes.c_size_t(1 << 37), 1, 0x4022, -1, 0)
for page in range(0, 1 << 37, 2 << 20): ctypes.c_char.from_address(at + page).value`,
    ],
    [
      'in sockets',
      `import socket, time
kept = []
for _ in range(900):
  pair = socket.socketpair()
  pair[0].setblocking(False)
  try:
    while True: pair[0].send(bytes(65536))
  except BlockingIOError: pass
  kept.append(pair)`,
    ],
    [
      'in connections that nobody accepted',
      `import socket, time
server = socket.socket(socket.AF_UNIX)
server.bind("door"); server.listen(4096)
for _ in range(2000):
  client = socket.socket(socket.AF_UNIX)
  client.connect("door"); client.setblocking(False)
  try:
    while True: client.send(bytes(65536))
  except BlockingIOError: pass
  client.close()`,
    ],
    [
      'locks on files',
      `import fcntl, time
kept = []
for name in range(6):
  file = open(f"f{name}", "w"); kept.append(file)
  for at in range(6000): fcntl.lockf(file, fcntl.LOCK_EX, 1, at * 2)`,
    ],
  ])('%s', async (_what, program) => {
    const result = await lab.bash(lab.sandbox(), python(program), 60_000);
    expect(result.text).not.toContain('kept');
    // Either the program is killed, or all of its call.
    expect(result.exit).toSatisfy(
      ({ code, endedBy }: NonNullable<typeof result.exit>) => code === 137 || endedBy === 'kill',
    );
  });

  it('taken by files without content in /tmp', async () => {
    const many = `for at in range(400_000): os.close(os.open(f"/tmp/{at}", os.O_CREAT | os.O_WRONLY))`;
    const sandbox = lab.sandbox();
    const result = await lab.bash(sandbox, python(`import os, time\n${many}`), 60_000);
    expect(result.text).not.toContain('kept');
    const left = async (): Promise<number> =>
      Number(/(\d+)\n$/.exec((await lab.bash(sandbox, 'ls -f /tmp | wc -l')).text)?.[1]);
    await expect.poll(left, { timeout: 30_000 }).toBeLessThan(200_000);
  });
});
