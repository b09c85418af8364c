import { afterAll, describe, expect, it } from 'vitest';

import type { Sandbox } from '../../sandbox.ts';
import { createSandboxLab } from '../../testing/sandbox-lab.ts';
import { NO_CGROUPS } from '../cgroups.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** A program whose first thread ends at once; to the kernel's lists it is a zombie from then on, though the rest of it runs. */
function headless(body: string): string {
  const lines = body.split('\n').map((line) => `  ${line}`);
  return `/usr/bin/python3 - <<'END'
import ctypes, os, threading, time
def run():
${lines.join('\n')}
  os._exit(0)
threading.Thread(target=run).start()
ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)
END`;
}

describe('what has lost its first thread is bounded as anything else:', () => {
  const lab = createSandboxLab({
    cgroups: NO_CGROUPS,
    limits: { diskBytes: 64 * MIB, memoryBytes: 256 * MIB, dataBytes: GIB },
  });
  afterAll(() => lab.close());
  const sh = async (sandbox: Sandbox, command: string): Promise<string> =>
    (await lab.bash(sandbox, command, 60_000)).text;

  it('deleted files that it has open', async () => {
    const program = `file = open("gone", "wb"); os.remove("gone")
for _ in range(300): file.write(bytes(1 << 20))
file.flush(); time.sleep(20); print("held")`;
    const held = await lab.bash(lab.sandbox(), headless(program), 60_000);
    expect(held.text).not.toContain('held');
    expect(held.exit?.endedBy).toBe('limit');
  });

  it('its memory', async () => {
    const program = `time.sleep(1); kept = b"x" * (600 << 20)
time.sleep(5); print("kept", len(kept))`;
    const kept = await lab.bash(lab.sandbox(), headless(program), 60_000);
    expect(kept.text).not.toContain('kept');
    expect(kept.exit?.code).toBe(137);
  });

  it('its time, and that of what it starts', async () => {
    const sandbox = lab.sandbox();
    const beats = `open("up", "w").close()
if os.fork() == 0:
  os.setsid()
  while True: open("child", "a").write("x"); time.sleep(0.05)
while True: open("beat", "a").write("x"); time.sleep(0.05)`;
    const late = await lab.bash(
      sandbox,
      `(setsid ${headless(beats).replace('\n', ' &\n')}\n)\nuntil [ -e up ]; do sleep 0.02; done; sleep 60`,
      3_000,
    );
    expect(late.exit?.endedBy).toBe('timeout');
    const sizes = 'stat -c %s beat child';
    const [before, after] = (await sh(sandbox, `${sizes}; echo -; sleep 0.5; ${sizes}`)).split('-\n');
    expect(after).toBe(before);
  });
});
