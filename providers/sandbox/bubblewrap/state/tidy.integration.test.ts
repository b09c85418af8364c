import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { createSandboxLab } from '../../testing/sandbox-lab.ts';

describe('programs for sandboxes', () => {
  const lab = createSandboxLab();
  afterAll(() => lab.close());

  it('of versions that nobody has used for a week go; those of this one, and of what still runs, stay', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'echo one');
    const runtimes = join(lab.dataFolder, 'runtime');
    const fits = (name: string): boolean => /^[0-9a-f]{16}$/.test(name);
    const [current = ''] = readdirSync(runtimes).filter(fits);
    for (const [name, days] of [
      ['00000000000000a1', 8],
      ['00000000000000b2', 6],
    ] as const) {
      mkdirSync(join(runtimes, name, 'sandboxd'), { recursive: true });
      writeFileSync(join(runtimes, name, 'sandboxd/main.cjs'), '');
      const then = new Date(Date.now() - days * 86_400_000);
      utimesSync(join(runtimes, name), then, then);
    }
    await lab.driver.tidy?.();
    expect(readdirSync(runtimes).filter(fits).sort()).toEqual(['00000000000000b2', current].sort());
    expect(existsSync(join(runtimes, current, 'sandboxd/main.cjs'))).toBe(true);
    expect((await lab.bash(sandbox, 'echo two')).text).toContain('two');
  });
});
