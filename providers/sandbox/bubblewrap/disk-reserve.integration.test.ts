import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';

import { AppError } from '../../../core/errors.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';

describe('a disk that is almost full', () => {
  const { bavail, bsize } = statfsSync(tmpdir());
  // Less than that is free, but more than half of it.
  const full = createSandboxLab({ reserveBytes: Math.round(bavail * bsize * 1.5) });
  let hasRoom = true;
  const low = createSandboxLab({
    requireRoom() {
      if (!hasRoom) throw new AppError('disk_full', 'The disk of the service is almost full.');
    },
  });
  afterAll(async () => {
    await full.close();
    await low.close();
  });

  it('ends what writes, and lets alone what does not', async () => {
    const sandbox = full.sandbox();
    expect((await full.bash(sandbox, 'sleep 2; echo quiet')).text).toContain('quiet');
    const writer = 'for i in 1 2 3 4 5 6 7 8; do head -c 20M /dev/zero > f$i; sleep 0.5; done; echo whole';
    const written = await full.bash(sandbox, writer, 60_000);
    expect(written.exit?.endedBy).toBe('disk');
    expect(written.text).not.toContain('whole');
    // It begins when its own call is over, which would end it too. The notice goes with whichever result comes next, which may be that of the command that began it.
    let { text } = await full.bash(sandbox, `setsid sh -c 'sleep 1; ${writer}' > /dev/null 2>&1 &`);
    while (!text.includes('Background processes were ended'))
      text += (await full.bash(sandbox, 'sleep 0.1')).text;
  });

  it('starts no sandbox, and leaves those alone that run', async () => {
    const [running, waiting] = [low.sandbox(), low.sandbox()];
    await low.bash(running, 'true');
    hasRoom = false;
    expect((await low.bash(running, 'echo goes on')).text).toBe('goes on\n');
    await expect(low.bash(waiting, 'true')).rejects.toMatchObject({
      code: 'sandbox_unavailable',
      message: expect.stringContaining('almost full'),
    });
    hasRoom = true;
    expect((await low.bash(waiting, 'echo starts')).text).toContain('starts');
  });
});
