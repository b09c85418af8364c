import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { placesOf } from '../../places.ts';
import type { Sandbox } from '../../sandbox.ts';
import { createSandboxLab } from '../../testing/sandbox-lab.ts';

describe('a host on which one sandbox runs at once', () => {
  const lab = createSandboxLab({ maxRunning: 1 });
  afterAll(() => lab.close());

  /** As if nobody had used the sandboxes for a minute. */
  function pass(): void {
    const folder = join(placesOf(lab.dataFolder, process.getuid?.() ?? -1).sockets, 'running');
    const at = new Date(Date.now() - 60_000);
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), at, at);
  }
  const running = async (): Promise<string[]> =>
    (await lab.driver.list()).filter(({ state }) => state === 'running').map(({ sessionId }) => sessionId);
  const idOf = (sandbox: Sandbox): string => sandbox.spec.sessionId;

  it('stops one that rests for the next, and starts it again on its files', async () => {
    const [one, two] = [lab.sandbox(), lab.sandbox()];
    await lab.bash(one, 'echo kept > kept');
    pass();
    expect((await lab.bash(two, 'echo two')).text).toContain('two');
    expect(await running()).toEqual([idOf(two)]);
    pass();
    const again = await lab.bash(one, 'cat kept');
    expect(again.text).toContain('kept');
    expect(await running()).toEqual([idOf(one)]);
  });

  it('leaves one alone in which a command runs, or something that a command left, until that ends', async () => {
    const [one, two] = [lab.sandbox(), lab.sandbox()];
    await lab.driver.stop((await running())[0] ?? '');
    await lab.bash(one, '(while [ ! -e stop ]; do sleep 0.1; done) > /dev/null 2>&1 & echo begun');
    const waiting = lab.bash(two, 'echo two');
    for (const end = Date.now() + 2_000; Date.now() < end;) {
      pass();
      expect(await running()).toEqual([idOf(one)]);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await lab.bash(one, 'touch stop; sleep 1');
    pass();
    expect((await waiting).text).toContain('two');
    expect(await running()).toEqual([idOf(two)]);
  });

  it('tells operators how many there are', async () => {
    const { limits, maxRunning } = await lab.driver.probe();
    expect(maxRunning).toBe(1);
    expect(limits.join(' ')).toContain('At most 1 run at once (sandbox.max_running)');
  });
});
