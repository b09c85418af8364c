import { afterAll, describe, expect, it } from 'vitest';

import type { Sandbox } from '../../sandbox.ts';
import { createSandboxLab } from '../../testing/sandbox-lab.ts';
import { usedSpace } from '../../testing/used-space.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** Folders below each other, whose path is longer than a path may be, and a command in the last one. */
const deep = (command: string): string =>
  `/usr/bin/python3 - <<'END'
import os
for _ in range(40):
  os.mkdir("d" * 200); os.chdir("d" * 200)
${command}
END`;

describe('the disk of a sandbox is bounded also', () => {
  const lab = createSandboxLab({ limits: { diskBytes: 64 * MIB, diskFiles: 3_000, fileBytes: GIB } });
  afterAll(() => lab.close());
  const sh = async (sandbox: Sandbox, command: string): Promise<string> =>
    (await lab.bash(sandbox, command, 60_000)).text;

  it('deeper than a path can name', async () => {
    const sandbox = lab.sandbox();
    await sh(sandbox, 'echo old > kept');
    const file = `with open("big", "wb") as file:
  for _ in range(300): file.write(bytes(1 << 20))
import time; time.sleep(20); print("whole")`;
    const written = await lab.bash(sandbox, deep(file), 60_000);
    expect(written.text).toContain('disk limit of the sandbox');
    expect(written.text).not.toContain('whole');
    expect(await usedSpace(lab, sandbox)).toBeLessThan(70 * MIB);
    expect(await sh(sandbox, 'cat kept')).toBe('old\n');
  });

  it('where commands put things beside the saved outputs', async () => {
    const sandbox = lab.sandbox();
    await sh(sandbox, 'head -c 300M /dev/zero > /run/tool-outputs/x && sleep 20');
    expect(await sh(sandbox, 'ls /run/tool-outputs/x 2>&1')).toContain('No such file');
    expect((await lab.bash(sandbox, 'sleep 3; echo on')).text).toContain('on');
  });
});
