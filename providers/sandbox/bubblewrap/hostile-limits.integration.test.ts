import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';

import type { Sandbox } from '../sandbox.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';
import { usedSpace } from '../testing/used-space.ts';
import { detectCgroups } from './detect-cgroups.ts';
import { NO_CGROUPS } from './cgroups.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const uid = process.getuid?.() ?? -1;
const PYTHON = '/usr/bin/python3';

/** A program that asks the C library, and prints what `count` says and the error that ended it. */
function counting(body: string): string {
  const lines = [
    'import ctypes, os, sys',
    'libc = ctypes.CDLL(None, use_errno=True)',
    'def failed(): return os.strerror(ctypes.get_errno())',
    ...body.split('\n'),
  ];
  return `${PYTHON} - <<'END'\n${lines.join('\n')}\nEND`;
}

describe('what hides from a measure is bounded all the same:', () => {
  const lab = createSandboxLab({ limits: { diskBytes: 64 * MIB, diskFiles: 5_000, fileBytes: GIB } });
  afterAll(() => lab.close());
  const sh = async (sandbox: Sandbox, command: string): Promise<string> =>
    (await lab.bash(sandbox, command, 60_000)).text;
  const used = async (sandbox: Sandbox): Promise<number> => usedSpace(lab, sandbox);
  const FULL = /disk limit of the sandbox|No space left on device/;

  it('files in folders that are closed to everybody', async () => {
    const sandbox = lab.sandbox();
    const script =
      'mkdir closed; exec 3>closed/file; chmod 0 closed; head -c 300M /dev/zero >&3; sleep 20; echo end';
    const written = await lab.bash(sandbox, script, 60_000);
    expect(written.text).toMatch(FULL);
    expect(await used(sandbox)).toBeLessThan(70 * MIB);
  });

  it('files beside the records of sandboxd', async () => {
    const sandbox = lab.sandbox();
    const written = await lab.bash(sandbox, 'head -c 300M /dev/zero > /run/sandboxd/shell/x; sleep 20');
    expect(written.text).toMatch(/disk limit of the sandbox.*shell\/x/);
    expect(await sh(sandbox, 'ls /run/sandboxd/shell/x 2>&1')).toContain('No such file');
  });

  it('deleted files that are still open, here or in the background', async () => {
    const sandbox = lab.sandbox();
    const hold = 'exec 3>gone; rm gone; head -c 300M /dev/zero >&3; sleep 20; echo held';
    expect((await lab.bash(sandbox, hold, 60_000)).text).not.toContain('held');
    // It begins when its own call is over, which would end it too.
    let text = await sh(sandbox, `setsid sh -c 'sleep 2; ${hold} > kept' >/dev/null 2>&1 &`);
    while (!/disk limit|Background processes were ended/.test(text)) text += await sh(sandbox, 'sleep 1');
    expect(await sh(sandbox, 'pgrep -fc "sleep 20"; ls')).toBe('0\n');
  });

  it('space that one call allocates', async () => {
    const sandbox = lab.sandbox();
    const text = await sh(
      sandbox,
      'for i in 1 2 3 4; do fallocate -l 900M f$i; done; sleep 3; du -m --total | tail -n 1 | cut -f 1',
    );
    expect(text).toMatch(/not supported|No space left/i);
    expect(Number(/^(\d+)$/m.exec(text)?.[1] ?? 0)).toBeLessThan(70);
    // What falls back to writing goes on working, and so do holes.
    const program = `import os\nf = os.open('x', os.O_RDWR | os.O_CREAT)\nos.posix_fallocate(f, 0, 1 << 20)\nprint(os.fstat(f).st_size)`;
    expect(await sh(sandbox, `${PYTHON} -c "${program}"; fallocate -p -l 4096 x && echo punched`)).toBe(
      '1048576\npunched\n',
    );
  });

  it('a command that ends before anything measures it, whose files the next one hears of', async () => {
    const sandbox = lab.sandbox();
    let text = await sh(sandbox, 'echo old > kept; head -c 200M /dev/zero > big');
    while (!/disk limit/.test(text)) text += await sh(sandbox, 'sleep 0.3; ls');
    expect(text).toContain('/workspace/big"');
    expect(await sh(sandbox, 'ls')).toBe('kept\n');
  });

  it('many short commands, each of which is over before anything measures it', async () => {
    const sandbox = lab.sandbox();
    const told: string[] = [];
    for (let part = 0; part < 60; part++) {
      told.push(await sh(sandbox, `head -c 4M /dev/zero > part${part}`));
      await delay(100);
    }
    expect(told.join('')).toMatch(FULL);
    expect(await used(sandbox)).toBeLessThan(130 * MIB);
  });

  it('saved outputs of tools, of which the oldest go first, and the model is told', async () => {
    const sandbox = lab.sandbox();
    const texts: string[] = [];
    for (let round = 0; round < 5; round++)
      texts.push(await sh(sandbox, "head -c 6M /dev/zero | tr '\\0' x"));
    const saved = texts.map((text) => /tool-outputs\/(\S+?\.txt)/.exec(text)?.[1] ?? '');
    expect(texts.slice(0, 2).join('')).not.toContain('outputs were removed');
    expect(texts[2]).toContain(`were removed, since together they took too much of the disk: ${saved[0]}`);
    const left = await sh(sandbox, 'cd /mnt/session/tool-outputs; ls -tr *.txt');
    expect(left.trim().split('\n')).toEqual(saved.slice(3));
  });
});

describe('tables and pools of the whole host are bounded for one sandbox:', () => {
  const lab = createSandboxLab({ limits: { openFiles: 1_024, memoryBytes: 512 * MIB } });
  const bare = createSandboxLab({ cgroups: NO_CGROUPS, limits: { memoryBytes: 256 * MIB } });
  afterAll(async () => {
    await lab.close();
    await bare.close();
  });
  const sh = async (one: typeof lab, command: string): Promise<string> =>
    (await one.bash(one.sandbox(), command, 60_000)).text;

  it('terminals', async () => {
    const forks = `children = []
for _ in range(4):
  pid = os.fork()
  if pid == 0:
    count = 0
    try:
      while count < 400: os.openpty(); count += 1
    except OSError as error: os.write(1, b'%d %s\\n' % (count, error.strerror.encode()))
    import time; time.sleep(3); os._exit(0)
  children.append(pid)
for pid in children: os.waitpid(pid, 0)`;
    const result = await lab.bash(lab.sandbox(), counting(forks), 60_000);
    const counts = [...result.text.matchAll(/^(\d+) No space left/gm)].map((match) => Number(match[1]));
    // Where nothing can bound the mount, the watch ends them.
    if (counts.length > 0) expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(256);
    else expect(result.exit?.code).toBe(137);
  });

  it('asynchronous I/O, huge pages, inotify instances and pending signals', async () => {
    const io = counting(
      'c = ctypes.c_ulong(0)\nprint(libc.syscall(206 if os.uname().machine == "x86_64" else 0, 64, ctypes.byref(c)), failed())',
    );
    expect(await sh(lab, io)).toBe('-1 Function not implemented\n');
    const huge = counting(
      'libc.mmap.restype = ctypes.c_long\nprint(libc.mmap(0, 1 << 21, 3, 0x40022, -1, 0), failed())',
    );
    expect(await sh(lab, huge)).toBe('-1 Cannot allocate memory\n');
    const watchers = counting('n = 0\nwhile libc.inotify_init() >= 0: n += 1\nprint(n, failed())');
    expect(await sh(lab, watchers)).toBe('64 Too many open files\n');
    expect(Number(await sh(lab, 'ulimit -i'))).toBeLessThanOrEqual(4_096);
    expect(await sh(lab, 'unshare -U true')).toContain('Operation not permitted');
  });

  it('open files of many processes together', async () => {
    const program = `for _ in range(8):
  if os.fork() == 0:
    try:
      while True: os.open("/dev/null", 0)
    except OSError: pass
    import time; time.sleep(30); os._exit(0)
import time; time.sleep(30); print("went on")`;
    const result = await lab.bash(lab.sandbox(), counting(program), 60_000);
    expect(result.text).not.toContain('went on');
    expect(result.exit?.code).toBe(137);
  });

  it('memory that belongs to no process, where no control group counts it', async () => {
    expect(await sh(bare, counting('print(libc.memfd_create(b"x", 0), failed())'))).toBe(
      '-1 Function not implemented\n',
    );
    const segment = counting(
      'print(libc.shmget(0, ctypes.c_size_t(64 << 20), 0o1600), failed())\nprint(libc.shmget(0, ctypes.c_size_t(56), 0o1600) >= 0)',
    );
    expect(await sh(bare, segment)).toBe('-1 Invalid argument\nTrue\n');
  });

  it('the same memory is counted, not refused, where a control group does', async ({ skip }) => {
    if (detectCgroups(uid).version === 'none') return skip('this host gives the service no control groups');
    const program = `fd = libc.memfd_create(b"x", 0)
assert fd >= 0, failed()
for _ in range(700): os.write(fd, b"x" * (1 << 20))
print("more", "than", "the", "limit")`;
    const result = await lab.bash(lab.sandbox(), counting(program), 60_000);
    expect(result.text).not.toContain('more than the limit');
    expect(result.exit?.code).toBe(137);
  });
});
