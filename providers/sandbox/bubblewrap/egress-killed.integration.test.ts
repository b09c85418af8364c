import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';

import { signalQuietly } from '../../../sandboxd/processes.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';

describe('sandboxes whose egress proxy is killed', () => {
  const lab = createSandboxLab({
    environmentOf: () => Promise.resolve({ network: { mode: 'unrestricted' } }),
  });
  afterAll(() => lab.close());

  /** The egress processes of this lab. */
  function proxies(): number[] {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        const isOurs = words.some(
          (word) => word.startsWith(lab.dataFolder) && word.endsWith('/egress/main.cjs'),
        );
        return isOurs ? [Number(name)] : [];
      } catch {
        return [];
      }
    });
  }
  /** Refused by the proxy itself, so that nothing outside is needed; without a proxy the answer is 000. */
  const ASK =
    'until [ "$code" = 403 ]; do code=$(curl -s -m 5 -o /dev/null -w "%{http_code}" http://10.255.255.1/); done; echo $code';

  /** A sandbox with its first command, on two processors that do little else. */
  const USUAL_START_MS = 200;

  it('start, stop and have their network, however often it is killed', async () => {
    const sandboxes = [lab.sandbox(), lab.sandbox(), lab.sandbox()];
    // A machine that is busy with other work starts the proxy more slowly than it would be killed.
    const before = performance.now();
    for (const sandbox of sandboxes) await lab.bash(sandbox, 'true');
    const pace = Math.max(1, (performance.now() - before) / sandboxes.length / USUAL_START_MS);
    await Promise.all(sandboxes.map(({ spec }) => lab.driver.stop(spec.sessionId)));
    let kills = 0;
    const over = new AbortController();
    const killer = (async () => {
      for (let round = 0; !over.signal.aborted; round++) {
        for (const pid of proxies()) {
          signalQuietly(pid, 'SIGKILL');
          kills++;
        }
        // At every moment of a start, one after the other; in between it must be possible to get something done.
        await delay((100 + ((round * 37) % 400)) * pace);
      }
    })();
    for (let round = 0; round < 12; round++) {
      for (const sandbox of sandboxes) {
        const started = await lab.bash(sandbox, 'echo started');
        expect(started.text).toContain('started');
      }
      await Promise.all(sandboxes.map(({ spec }) => lab.driver.stop(spec.sessionId)));
    }
    over.abort();
    await killer;
    expect(kills).toBeGreaterThan(12);
    for (const sandbox of sandboxes) expect((await lab.bash(sandbox, ASK)).text).toContain('403');
  });
  it('have it again although no other sandbox is started, also when the new one is killed at once', async () => {
    const sandbox = lab.sandbox();
    expect((await lab.bash(sandbox, ASK)).text).toContain('403');
    for (let count = 0; count < 10; count++) {
      for (const pid of proxies()) signalQuietly(pid, 'SIGKILL');
      await delay(30);
    }
    expect((await lab.bash(sandbox, ASK)).text).toContain('403');
  });
});
